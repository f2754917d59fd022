import type { FileTypeName } from "../../file-types.js";
import type { FileMetadata } from "../../metadata.js";
import { decodesHeic } from "../../pictures/decodes-heic.js";
import type { PictureLimits } from "../../pictures/decoding.js";
import { refuseLarge } from "../../pictures/decoding.js";
import { inspectInProcess } from "../../pictures/picture-process.js";
import { dimensionsOfHeic } from "../identify/heic-boxes.js";
import type { Identified } from "../identify/identify.js";
import { pdfBody } from "../identify/identify-pdf.js";
import type { TextCharset } from "../identify/text-encoding.js";
import { openFileBytes } from "../receive/file-bytes.js";
import type { Sanitized } from "../sanitize/sanitize.js";
import { countPages } from "./count-pages.js";
import { inspectBmp } from "./inspect-bmp.js";
import { inspectSound } from "./inspect-sound.js";
import { inspectVideo } from "./inspect-video.js";

declare const proof: unique symbol;

/** A file that is intact, as far as its type can be checked. Only `inspect` makes one. */
export interface Inspected extends Sanitized {
  readonly [proof]: "inspected";
  /** In pixels, as displayed (EXIF orientation or rotation applied). Null for files without a picture. */
  readonly width: number | null;
  readonly height: number | null;
  /** Of a video or a recording, in milliseconds. */
  readonly durationMs: number | null;
  readonly metadata: FileMetadata;
  /** ThumbHash of an image, base64; null for other files, and for an image that is not decoded here. */
  readonly placeholder: string | null;
}

export interface InspectOptions extends PictureLimits {
  /** The company of the file: companies take turns. */
  readonly companyId: string;
  /** How long one decoding may take: PROVING_SECONDS without it. */
  readonly decodingSeconds?: number | undefined;
  /** The longest video. */
  readonly maxSeconds?: number | undefined;
}

interface Dimensions {
  readonly width: number;
  readonly height: number;
}

type Facts = Partial<Pick<Inspected, "width" | "height" | "durationMs" | "metadata" | "placeholder">>;

/** The types that sharp decodes. */
const DECODED: ReadonlySet<FileTypeName> = new Set(["jpeg", "png", "gif", "webp", "tiff", "svg"]);

/**
 * Decodes an image once, to verify it and to read its dimensions; reads the metadata of a video or a PDF. Other types
 * pass unchanged.
 *
 * @throws FILE_TOO_LARGE for more pixels, frames or seconds than allowed, before anything is decoded, and for an image
 *   whose decoding takes too long; CORRUPT_FILE for an image that does not decode and for a video that cannot be read;
 *   UNSUPPORTED_FILE_TYPE for a video without a picture
 */
export async function inspect(sanitized: Sanitized, options: InspectOptions): Promise<Inspected> {
  const none = { width: null, height: null, durationMs: null, metadata: {}, placeholder: null };
  return { ...sanitized, ...none, ...(await factsOf(sanitized, options)) } as Inspected;
}

async function factsOf(file: Sanitized, options: InspectOptions): Promise<Facts> {
  const { kind, name } = file.type;
  if (DECODED.has(name)) return inspectInProcess(file, options);
  if (name === "heic") return decodesHeic() ? inspectInProcess(file, options) : inspectHeic(file, options);
  if (name === "bmp") return inspectPlain(file, options);
  if (name === "pdf") return inspectPdf(file);
  if (kind === "VIDEO") return inspectVideo(file, options);
  if (kind === "AUDIO") return inspectSound(file, options.companyId);
  return file.text ? { metadata: charsetMetadata(file.text) } : {};
}

const charsetMetadata = ({ charset, isGuess }: TextCharset): FileMetadata => ({
  charset,
  isCharsetGuessed: isGuess,
});

/** Without a decoder in libvips, the file's own statement of its size is all there is. */
async function inspectHeic(file: Identified, limits: PictureLimits): Promise<Facts> {
  const bytes = openFileBytes(file);
  try {
    const dimensions = await dimensionsOfHeic(bytes);
    if (dimensions !== null) refuseLarge(dimensions, limits);
    return dimensions ?? {};
  } finally {
    await bytes[Symbol.asyncDispose]();
  }
}

async function inspectPdf(file: Identified): Promise<Facts> {
  const bytes = openFileBytes(file);
  try {
    const pages = await countPages(await pdfBody(bytes));
    return { metadata: pages === null ? {} : { pages } };
  } finally {
    await bytes[Symbol.asyncDispose]();
  }
}

/** BMP, for which there is no decoder. */
function inspectPlain(file: Identified, limits: PictureLimits): Dimensions {
  const dimensions = inspectBmp(file.head, file.size);
  refuseLarge(dimensions, limits);
  return dimensions;
}
