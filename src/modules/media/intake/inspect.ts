import type { Metadata, Sharp, SharpOptions } from "sharp";
import sharp from "sharp";
import { FiledeskError } from "../../../kernel/errors.js";
import type { PictureLimits } from "../decoding.js";
import { inProofTurn, PROVING_SECONDS, ranOutOfTime, refuseLarge } from "../decoding.js";
import type { FileTypeName } from "../file-types.js";
import { corruptFile, tooManyFrames, tooSlowToDecode } from "../media.errors.js";
import type { FileMetadata } from "../metadata.js";
import { countPages } from "./count-pages.js";
import { openFileBytes } from "./file-bytes.js";
import type { Identified } from "./identify.js";
import { pdfBody } from "./identify-pdf.js";
import { MAX_FRAMES } from "./image-end.js";
import { inspectBmp } from "./inspect-bmp.js";
import { inspectVideo } from "./inspect-video.js";
import { readExif } from "./read-exif.js";

declare const proof: unique symbol;

/** A file that was found to be sound as far as its kind can be checked. Only `inspect` makes one. */
export interface Inspected extends Identified {
  readonly [proof]: "inspected";
  /** In pixels, as people see it (EXIF orientation or rotation applied). Null for what has no picture. */
  readonly width: number | null;
  readonly height: number | null;
  /** Of a video, in milliseconds. */
  readonly durationMs: number | null;
  readonly metadata: FileMetadata;
}

export interface InspectOptions extends PictureLimits {
  /** Whose file it is: companies take turns. */
  readonly companyId?: string | undefined;
  /** How long one decoding may take: PROVING_SECONDS without it. */
  readonly decodingSeconds?: number | undefined;
  /** The longest video. */
  readonly maxSeconds?: number | undefined;
}

interface Dimensions {
  readonly width: number;
  readonly height: number;
}

type Facts = Partial<Pick<Inspected, "width" | "height" | "durationMs" | "metadata">>;

/** JPEG decoders can leave out 7 of 8 rows and columns: all coded data is read, little is computed. */
const SHRINK = 8;

/** What sharp calls the types that it decodes for us. */
const DECODED: ReadonlySet<FileTypeName> = new Set(["jpeg", "png", "gif", "webp"]);

// Each file is decoded once, so a cache holds nothing of use; and uploads, not threads, are what runs in parallel.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes an image once, to prove it and to learn its dimensions; reads what a video or a PDF says of itself.
 * Other kinds pass as they are.
 *
 * @throws FILE_TOO_LARGE for more pixels, frames or seconds than allowed, which is known before anything is decoded,
 *   and for an image whose decoding takes too long;
 *   CORRUPT_FILE for an image that does not decode and for a video that cannot be read; UNSUPPORTED_FILE_TYPE for
 *   a video without a picture
 */
export async function inspect(identified: Identified, options: InspectOptions): Promise<Inspected> {
  const none = { width: null, height: null, durationMs: null, metadata: {} };
  return { ...identified, ...none, ...(await factsOf(identified, options)) } as Inspected;
}

async function factsOf(file: Identified, options: InspectOptions): Promise<Facts> {
  const { kind, name, title } = file.type;
  if (DECODED.has(name)) return inProofTurn(options.companyId ?? "", () => decode(file, options));
  if (name === "bmp") return inspectPlain(file, options);
  if (name === "pdf") return inspectPdf(file);
  if (kind === "VIDEO") return inspectVideo(file, options);
  // Until there is a sanitiser, a bucket that lists SVG does not get it.
  if (kind === "IMAGE")
    throw new FiledeskError("UNSUPPORTED_FILE_TYPE", `This file is ${title}, which cannot be taken yet.`);
  return {};
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

/** BMP, which nobody here decodes. */
function inspectPlain(file: Identified, limits: PictureLimits): Dimensions {
  const dimensions = inspectBmp(file.head, file.size);
  refuseLarge(dimensions, limits);
  return dimensions;
}

async function decode(file: Identified, options: InspectOptions): Promise<Facts> {
  const header = await tellDamage(open(file, "error", false).metadata());
  refuseLarge(header, options);
  if (header.format !== file.type.name) throw corruptFile("the image is not of the kind that it begins as");
  if ((header.pages ?? 1) > MAX_FRAMES) throw tooManyFrames(MAX_FRAMES, header.pages ?? 1);
  await proveDecodable(file, header, options);
  return { ...header.autoOrient, metadata: metadataOf(header) };
}

function metadataOf({ exif, orientation }: Metadata): FileMetadata {
  return { ...(exif && readExif(exif)), ...(orientation && { orientation }) };
}

/**
 * The strictest level sees a JPEG that was cut and closed again, but takes offence at harmless oddities of some
 * phones as well: for whatever else it says, a second decoding one level below has the last word.
 */
async function proveDecodable(file: Identified, header: Metadata, options: InspectOptions): Promise<void> {
  const { maxPixels, decodingSeconds = PROVING_SECONDS } = options;
  const decodeAt = (failOn: SharpOptions["failOn"]) =>
    decodeSmall(open(file, failOn, maxPixels), header, decodingSeconds);
  try {
    await decodeAt("warning");
  } catch (error) {
    if (error instanceof FiledeskError) throw error;
    if (/premature end/i.test(String(error))) throw corruptFile("the image ends too early");
    await tellDamage(decodeAt("error"));
  }
}

/** A small file is in memory already; a large one libvips reads itself. */
function open(file: Identified, failOn: SharpOptions["failOn"], limitInputPixels: number | false): Sharp {
  const input = file.head.length === file.size ? file.head : file.temp.path;
  return sharp(input, { failOn, limitInputPixels, sequentialRead: true });
}

async function decodeSmall(image: Sharp, { width, height }: Dimensions, seconds: number): Promise<void> {
  try {
    await image
      .timeout({ seconds })
      .resize(Math.ceil(width / SHRINK), Math.ceil(height / SHRINK), { fit: "fill", kernel: "nearest" })
      .raw()
      .toBuffer();
  } catch (error) {
    throw ranOutOfTime(error) ? tooSlowToDecode(seconds) : error;
  }
}

async function tellDamage<T>(decoding: Promise<T>): Promise<T> {
  try {
    return await decoding;
  } catch (error) {
    if (error instanceof FiledeskError) throw error;
    throw corruptFile(`the image cannot be decoded (${(error as Error).message.split("\n")[0]})`);
  }
}
