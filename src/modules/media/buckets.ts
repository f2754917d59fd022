import { MIB } from "../../kernel/bytes.js";
import type { FileTypeName } from "./file-types.js";
import { isFileTypeName } from "./file-types.js";

/** A bucket is a named policy: which files it accepts and who may read them. */
export const Bucket = {
  COMPANY_LOGOS: "COMPANY_LOGOS",
  AVATARS: "AVATARS",
  ATTACHMENTS: "ATTACHMENTS",
  CHAT: "CHAT",
  PHOTOS: "PHOTOS",
  VIDEOS: "VIDEOS",
  PUBLIC_PAGES: "PUBLIC_PAGES",
} as const;
export type Bucket = (typeof Bucket)[keyof typeof Bucket];

export interface BucketRules {
  readonly bucket: Bucket;
  /** The types that it accepts. */
  readonly types: readonly FileTypeName[];
  /** The largest file that it accepts, in bytes. */
  readonly maxBytes: number;
  /** The longest video that it accepts. */
  readonly maxSeconds?: number;
  readonly access: "public" | "private";
  /** The names of the variants that are rendered of its images. */
  readonly presets: readonly string[];
}

export type AllBucketRules = Readonly<Record<Bucket, BucketRules>>;

const SIZES = ["large", "medium", "thumbnail"] as const;

const DEFAULTS: AllBucketRules = {
  COMPANY_LOGOS: {
    bucket: "COMPANY_LOGOS",
    types: ["jpeg", "png", "gif", "webp"],
    maxBytes: 5 * MIB,
    access: "public",
    presets: ["logo", "logo-thumbnail", "favicon"],
  },
  AVATARS: {
    bucket: "AVATARS",
    types: ["jpeg", "png", "webp"],
    maxBytes: 5 * MIB,
    access: "private",
    presets: ["thumbnail", "64x64"],
  },
  ATTACHMENTS: {
    bucket: "ATTACHMENTS",
    types: [
      ...["pdf", "doc", "docx", "xls", "xlsx", "xlsb", "ppt", "pptx", "odt", "ods", "odp", "rtf"],
      ...["txt", "csv", "tsv", "json", "xml", "md", "yaml", "ini", "sql", "ics", "vcf", "diff", "eml", "msg"],
      ...["jpeg", "png", "gif", "webp", "bmp", "tiff", "heic", "mp4", "quicktime", "webm"],
      ...["mp3", "m4a", "ogg", "wav", "amr", "zip", "7z", "gz"],
    ] as FileTypeName[],
    maxBytes: 50 * MIB,
    access: "private",
    presets: SIZES,
  },
  CHAT: {
    bucket: "CHAT",
    types: [
      ...[
        "jpeg",
        "png",
        "gif",
        "webp",
        "bmp",
        "heic",
        "pdf",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "xlsb",
        "txt",
        "csv",
      ],
      ...["eml", "msg", "mp4", "quicktime", "webm", "mp3", "m4a", "ogg", "wav", "amr"],
    ] as FileTypeName[],
    maxBytes: 10 * MIB,
    access: "private",
    presets: SIZES,
  },
  PHOTOS: {
    bucket: "PHOTOS",
    types: ["jpeg", "png", "webp", "gif"],
    maxBytes: 10 * MIB,
    access: "private",
    presets: SIZES,
  },
  VIDEOS: {
    bucket: "VIDEOS",
    types: ["mp4", "webm", "quicktime"],
    maxBytes: 100 * MIB,
    maxSeconds: 120,
    access: "private",
    presets: SIZES,
  },
  PUBLIC_PAGES: {
    bucket: "PUBLIC_PAGES",
    types: ["jpeg", "png", "webp", "svg"],
    maxBytes: 10 * MIB,
    access: "public",
    presets: SIZES,
  },
};

/**
 * The rules in force: the defaults with the operator's overrides.
 *
 * @param overrides parsed JSON, such as `{ "CHAT": { "types": ["jpeg", "png"], "maxBytes": 5242880 } }`. Whether a
 *   bucket is public cannot be overridden: code relies on it.
 * @throws Error that lists everything that is wrong with the overrides, one problem a line
 */
export function bucketRules(overrides: unknown = {}): AllBucketRules {
  const problems: string[] = [];
  if (!isObject(overrides))
    throw invalid(['it must be an object such as { "CHAT": { "maxBytes": 5242880 } }']);
  for (const [name, override] of Object.entries(overrides)) {
    if (!Object.hasOwn(DEFAULTS, name))
      problems.push(`${name}: there is no such bucket; there are ${Object.keys(DEFAULTS).join(", ")}`);
    else if (!isObject(override)) problems.push(`${name}: must be an object`);
    else problems.push(...problemsOf(name as Bucket, override));
  }
  if (problems.length > 0) throw invalid(problems);
  const given = overrides as Partial<Record<Bucket, Partial<BucketRules>>>;
  const merged = Object.values(DEFAULTS).map((rules) => [rules.bucket, { ...rules, ...given[rules.bucket] }]);
  return Object.fromEntries(merged) as AllBucketRules;
}

function problemsOf(bucket: Bucket, override: Record<string, unknown>): string[] {
  return Object.entries(override).flatMap(([field, value]) => {
    const where = `${bucket}.${field}`;
    if (field === "types") return problemsOfTypes(where, value);
    if (field === "maxBytes" || (field === "maxSeconds" && DEFAULTS[bucket].maxSeconds !== undefined))
      return Number.isSafeInteger(value) && (value as number) > 0
        ? []
        : [`${where}: must be a whole number above 0, not ${JSON.stringify(value)}`];
    return [`${where}: cannot be overridden; types and maxBytes can, and maxSeconds of VIDEOS`];
  });
}

function problemsOfTypes(where: string, value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) return [`${where}: must be a list of at least one type`];
  return value
    .filter((type) => !isFileTypeName(type))
    .map((type) => `${where}: there is no type ${JSON.stringify(type)}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const invalid = (problems: readonly string[]) =>
  new Error(`The bucket overrides are not valid:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
