import type { Metadata, Sharp, SharpOptions } from "sharp";
import sharp from "sharp";
import { FiledeskError } from "../../../kernel/errors.js";
import type { FileTypeName } from "../file-types.js";
import { corruptFile, tooManyFrames, tooSlowToDecode } from "../media.errors.js";
import type { FileMetadata } from "../metadata.js";
import type { PictureLimits } from "./decoding.js";
import { DECODE_SECONDS, MAX_FRAMES, ranOutOfTime, refuseLarge } from "./decoding.js";
import { missedEndMark, withEndMark } from "./jpeg-end-mark.js";
import type { Raster } from "./placeholder.js";
import { placeholderOf } from "./placeholder.js";
import { readExif } from "./read-exif.js";

/** A picture on the local disk. */
export interface PictureFile {
  /** All of it while it is small; of a larger one any beginning. */
  readonly head: Uint8Array;
  /** In bytes. */
  readonly size: number;
  readonly temp: { readonly path: string };
  readonly type: { readonly name: FileTypeName };
}

export interface InspectPictureOptions extends PictureLimits {
  /** How long one decoding may take: PROVING_SECONDS without it. */
  readonly decodingSeconds?: number | undefined;
}

interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/** In pixels, as displayed (EXIF orientation applied). */
export interface ImageFacts extends Dimensions {
  readonly metadata: FileMetadata;
  /** ThumbHash, base64. */
  readonly placeholder: string;
}

type Strictness = NonNullable<SharpOptions["failOn"]>;

/** JPEG decoders can skip 7 of 8 rows and columns: all coded data is read, little is computed. */
const SHRINK = 8;

/** What a placeholder needs of a side. */
const LEAST_SIDE = 32;

// Each file is decoded once, so a cache holds nothing of use; and uploads, not threads, are what runs in parallel.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes an image once, to verify it and to read its dimensions and metadata; its placeholder is made of the pixels
 * that this leaves.
 *
 * @throws FILE_TOO_LARGE for more pixels or frames than allowed, before anything is decoded, and for an image whose
 *   decoding takes too long; CORRUPT_FILE if it does not decode
 */
export async function inspectPicture(file: PictureFile, options: InspectPictureOptions): Promise<ImageFacts> {
  const header = await refuseUndecodable(open(inputOf(file), "error", false).metadata());
  refuseLarge(header, options);
  if (header.format !== (file.type.name === "heic" ? "heif" : file.type.name))
    throw corruptFile("the image is not of the kind that it begins as");
  if ((header.pages ?? 1) > MAX_FRAMES) throw tooManyFrames(MAX_FRAMES, header.pages ?? 1);
  const decoded = await proveDecodable(file, header, options);
  const pages = file.type.name === "tiff" ? { pages: header.pages ?? 1 } : {};
  const { autoOrient, orientation = 1 } = header;
  return {
    ...autoOrient,
    metadata: { ...metadataOf(header), ...pages },
    placeholder: placeholderOf(decoded, { ...autoOrient, orientation }),
  };
}

function metadataOf({ exif, orientation }: Metadata): FileMetadata {
  return { ...(exif && readExif(exif)), ...(orientation && { orientation }) };
}

/**
 * The strictest level detects a JPEG that was cut and closed again, but also rejects harmless oddities of some phones:
 * for any other complaint, a second decoding at the next level decides.
 */
async function proveDecodable(
  file: PictureFile,
  header: Metadata,
  options: InspectPictureOptions,
): Promise<Raster> {
  const { maxPixels, decodingSeconds = DECODE_SECONDS } = options;
  const input = inputOf(file);
  const decodeAt = (failOn: Strictness) =>
    decodeSmall(open(input, failOn, maxPixels), header, decodingSeconds);
  const decodeOrRetry = () =>
    decodeAt("warning").catch((error: unknown) => {
      if (missedEndMark(error)) throw error;
      return decodeOnceMore(error, decodeAt);
    });
  try {
    return await decodeOrRetry();
  } catch (error) {
    // It may be reported only after another oddity.
    if (!missedEndMark(error)) throw error;
    return withEndMark(input, (marked) => proveAllRows(marked, header, options));
  }
}

/**
 * Decodes a JPEG row by row with an end mark appended: if only the mark was missing, the decoder has nothing to
 * complain of.
 */
async function proveAllRows(
  input: Buffer | string,
  { width, height }: Dimensions,
  { maxPixels, decodingSeconds = DECODE_SECONDS }: InspectPictureOptions,
): Promise<Raster> {
  const decodeAt = (failOn: Strictness) => {
    // Extracting everything keeps libvips from skipping rows, as it does for a smaller picture.
    const rows = open(input, failOn, maxPixels).extract({ left: 0, top: 0, width, height });
    return decodeTo(rows, { width: Math.ceil(width / SHRINK), height }, decodingSeconds);
  };
  return decodeAt("warning").catch((error: unknown) => decodeOnceMore(error, decodeAt));
}

async function decodeOnceMore(
  error: unknown,
  decodeAt: (failOn: Strictness) => Promise<Raster>,
): Promise<Raster> {
  if (error instanceof FiledeskError) throw error;
  if (/premature end/i.test(String(error))) throw corruptFile("the image ends too early");
  return refuseUndecodable(decodeAt("error"));
}

/** A small file is in memory; libvips reads a large one itself. */
const inputOf = ({ head, size, temp }: PictureFile): Buffer | string =>
  head.length === size ? Buffer.from(head.buffer, head.byteOffset, head.length) : temp.path;

const open = (input: Buffer | string, failOn: Strictness, limitInputPixels: number | false): Sharp =>
  sharp(input, { failOn, limitInputPixels, sequentialRead: true });

const decodeSmall = (image: Sharp, { width, height }: Dimensions, seconds: number): Promise<Raster> =>
  decodeTo(image, { width: shrunk(width), height: shrunk(height) }, seconds);

const shrunk = (side: number): number => Math.max(Math.ceil(side / SHRINK), Math.min(side, LEAST_SIDE));

async function decodeTo(image: Sharp, { width, height }: Dimensions, seconds: number): Promise<Raster> {
  try {
    const { data, info } = await image
      .timeout({ seconds })
      .resize(width, height, { fit: "fill", kernel: "nearest" })
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: info.channels };
  } catch (error) {
    throw ranOutOfTime(error) ? tooSlowToDecode(seconds) : error;
  }
}

async function refuseUndecodable<T>(decoding: Promise<T>): Promise<T> {
  try {
    return await decoding;
  } catch (error) {
    if (error instanceof FiledeskError) throw error;
    throw corruptFile(`the image cannot be decoded (${(error as Error).message.split("\n")[0]})`);
  }
}
