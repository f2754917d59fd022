import { createHash } from "node:crypto";
import type { Sharp, SharpOptions } from "sharp";
import sharp from "sharp";
import { refuseLarge } from "./decoding.js";
import { missedEndMark, withEndMark } from "./jpeg-end-mark.js";
import { thumbHashOf } from "./placeholder.js";
import type { Preset } from "./presets.js";

/** A rendered variant in memory: the largest has some hundred kilobytes. */
export interface RenderedVariant {
  readonly preset: Preset;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly mimeType: string;
  readonly extension: string;
  readonly width: number;
  readonly height: number;
}

export interface Rendered {
  readonly variants: readonly RenderedVariant[];
  /** ThumbHash, base64. */
  readonly placeholder: string;
}

export interface RenderOptions {
  /** The largest image, in pixels (width × height). */
  readonly maxPixels: number;
  /** How long the decoding may take. */
  readonly timeoutSeconds: number;
}

/** Pixels in memory: 8 bits a channel, sRGB, no metadata. */
interface Raster {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

const JPEG = { quality: 85, progressive: true } as const;
const WEBP = { quality: 85, effort: 4 } as const;
const PNG = { compressionLevel: 9 } as const;

/** The longest other side when a square is cropped: bounds the memory for an extremely long image. */
const LONGEST_SIDE = 4_096;
const PLACEHOLDER_SIDE = 100;

// Each original is decoded once, so a cache holds nothing of use. One thread an image: what runs in parallel is images,
// and requests beside them.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Renders an image, all presets from one decoding: the original is reduced to what the largest preset needs while it
 * is read, and each smaller size is made from the pixels of the one before. EXIF orientation is applied, colours are
 * converted to sRGB, all metadata is left behind, and of an animation the first frame is taken.
 *
 * @param input the encoded image, or the path of a local file of it
 * @throws what libvips says of an image that does not decode, is too large, or takes too long
 */
export async function render(
  input: Buffer | string,
  presets: readonly Preset[],
  options: RenderOptions,
): Promise<Rendered> {
  let raster = await decode(input, presets, options);
  const rasters = [raster];
  const variants: RenderedVariant[] = [];
  for (const preset of presets.toSorted((a, b) => b.side - a.side)) {
    if (preset.fit === "inside") {
      raster = await reduce(raster, preset.side);
      rasters.push(raster);
      variants.push(await encode(raster, preset));
    } else variants.push(await encode(await cropSquare(rasters, preset), preset));
  }
  return { variants, placeholder: await placeholderOf(raster) };
}

/** The picture, as large as the presets need it. Of a JPEG without an end mark, as it is taken in, all rows are there. */
async function decode(
  input: Buffer | string,
  presets: readonly Preset[],
  options: RenderOptions,
): Promise<Raster> {
  try {
    return await decodeStrictly(input, "error", presets, options);
  } catch (error) {
    if (!missedEndMark(error)) throw error;
    return withEndMark(input, (marked) => decodeStrictly(marked, "warning", presets, options));
  }
}

async function decodeStrictly(
  input: Buffer | string,
  failOn: SharpOptions["failOn"],
  presets: readonly Preset[],
  { maxPixels, timeoutSeconds }: RenderOptions,
): Promise<Raster> {
  const source: SharpOptions = {
    failOn,
    limitInputPixels: maxPixels,
    sequentialRead: true,
    autoOrient: true,
  };
  const header = await sharp(input, source).metadata();
  const { width, height } = header.autoOrient;
  refuseLarge({ width, height }, { maxPixels });
  const scale = scaleFor(presets, {
    longest: Math.max(width, height),
    shortest: Math.min(width, height),
    isDrawing: header.format === "svg",
  });
  const target = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const image = sharp(input, source).timeout({ seconds: timeoutSeconds });
  return withoutIdleAlpha(await toRaster(image.resize({ ...target, fit: "fill" }).toColourspace("srgb")));
}

interface Shape {
  readonly longest: number;
  readonly shortest: number;
  /** Whether it has no pixels of its own: an icon of 24 pixels is drawn as large as it is wanted. */
  readonly isDrawing: boolean;
}

function scaleFor(presets: readonly Preset[], { longest, shortest, isDrawing }: Shape): number {
  const needed = presets.map(({ fit, side }) =>
    fit === "inside" ? side / longest : Math.min(side / shortest, LONGEST_SIDE / longest),
  );
  const scale = Math.max(PLACEHOLDER_SIDE / longest, ...needed);
  return isDrawing ? scale : Math.min(1, scale);
}

async function toRaster(image: Sharp): Promise<Raster> {
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

const open = ({ data, ...raw }: Raster): Sharp => sharp(data, { raw });

/** Many PNGs have an alpha channel without transparency. */
async function withoutIdleAlpha(raster: Raster): Promise<Raster> {
  if (!hasAlpha(raster)) return raster;
  for (let at = raster.channels - 1; at < raster.data.length; at += raster.channels)
    if (raster.data[at] !== 255) return raster;
  return toRaster(open(raster).removeAlpha());
}

const hasAlpha = ({ channels }: Raster): boolean => channels === 2 || channels === 4;

async function reduce(raster: Raster, side: number): Promise<Raster> {
  if (Math.max(raster.width, raster.height) <= side) return raster;
  return toRaster(open(raster).resize({ width: side, height: side, fit: "inside" }));
}

/**
 * Out of the smallest picture that is large enough both ways: of a wide logo, that is not the reduced one. An icon is
 * shown in a place of its size, so a smaller picture is enlarged to it.
 */
async function cropSquare(rasters: readonly Raster[], { side, form }: Preset): Promise<Raster> {
  const fits = ({ width, height }: Raster) => Math.min(width, height) >= side;
  const raster = rasters.findLast(fits) ?? rasters[0];
  if (raster === undefined) throw new Error("nothing was decoded");
  const edge = form === "icon" ? side : Math.min(side, raster.width, raster.height);
  if (edge === raster.width && edge === raster.height) return raster;
  return toRaster(open(raster).resize({ width: edge, height: edge, fit: "cover", position: "centre" }));
}

async function encode(raster: Raster, preset: Preset): Promise<RenderedVariant> {
  const { width, height } = raster;
  const { mimeType, extension, bytes } = await inForm(raster, preset.form);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { preset, bytes, sha256, mimeType, extension, width, height };
}

async function inForm(raster: Raster, form: Preset["form"]) {
  const image = open(raster);
  if (form === "icon")
    return { mimeType: "image/png", extension: "png", bytes: await image.png(PNG).toBuffer() };
  return form === "logo" || hasAlpha(raster)
    ? { mimeType: "image/webp", extension: "webp", bytes: await image.webp(WEBP).toBuffer() }
    : { mimeType: "image/jpeg", extension: "jpg", bytes: await image.jpeg(JPEG).toBuffer() };
}

/** The placeholder that a client shows until the image has loaded; of a video, of its poster. */
async function placeholderOf(raster: Raster): Promise<string> {
  const small = await reduce(raster, PLACEHOLDER_SIDE);
  return thumbHashOf(await toRaster(open(small).toColourspace("srgb").ensureAlpha()));
}
