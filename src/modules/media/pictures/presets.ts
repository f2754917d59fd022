import type { BucketRules } from "../buckets.js";
import { FILE_TYPES, kindOf } from "../file-types.js";

/** How a variant is rendered. Equal names mean equal variants, in every bucket. */
export interface Preset {
  readonly name: string;
  /** The longest side in pixels at most, or the side of a square. Only icons are enlarged. */
  readonly side: number;
  /** `inside` keeps the aspect; `square` crops the centre. */
  readonly fit: "inside" | "square";
  /** `photo`: JPEG if opaque, else WebP. `logo`: WebP. `icon`: PNG, which every browser accepts as an icon, of exactly its side. */
  readonly form: "photo" | "logo" | "icon";
  /** The folder of its bytes, beside `originals`. */
  readonly folder: string;
}

const PRESETS: readonly Preset[] = [
  { name: "large", side: 1_200, fit: "inside", form: "photo", folder: "large" },
  { name: "medium", side: 800, fit: "inside", form: "photo", folder: "medium" },
  { name: "logo", side: 400, fit: "inside", form: "logo", folder: "logos" },
  { name: "thumbnail", side: 200, fit: "inside", form: "photo", folder: "thumbnails" },
  { name: "64x64", side: 64, fit: "square", form: "photo", folder: "64x64" },
  { name: "logo-thumbnail", side: 64, fit: "square", form: "icon", folder: "logo-thumbnails" },
  { name: "favicon", side: 32, fit: "square", form: "icon", folder: "favicons" },
];

/** Every name that a bucket renders, the largest first. */
export const PRESET_NAMES: readonly string[] = PRESETS.map((preset) => preset.name);

/** The types that the renderer decodes, HEIC where it can. Not BMP: the libvips of sharp does not decode it. */
const DECODED: ReadonlySet<string> = new Set(
  (["jpeg", "png", "gif", "webp", "tiff", "svg", "heic"] as const).map((name) => FILE_TYPES[name].mimeType),
);

/** The presets of a file of this type in this bucket, the largest first; none for types without a picture. */
export function presetsOf(rules: Pick<BucketRules, "presets">, mimeType: string): readonly Preset[] {
  const hasPicture = DECODED.has(mimeType) || kindOf(mimeType) === "VIDEO";
  return hasPicture ? PRESETS.filter((preset) => rules.presets.includes(preset.name)) : [];
}
