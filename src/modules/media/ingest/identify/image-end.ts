import type { FileTypeName } from "../../file-types.js";
import { corruptFile, tooManyFrames } from "../../media.errors.js";
import { MAX_FRAMES } from "../../pictures/decoding.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { endOfHeic } from "./heic-boxes.js";

const endsTooEarly = () => corruptFile("the image ends too early");

/** Chunks. A PNG of 50 megapixels with 16 bits a channel has as many at 8 KiB each, which is usual. */
const MAX_CHUNKS = 50_000;
/** Segments of a JPEG, or blocks of a GIF, where each frame is up to two of them. */
const MAX_BLOCKS = 10_000;

/** A marker of JPEG. */
const START_OF_SCAN = 0xda;

const malformed = () => corruptFile("the image's structure is broken");

const FINDERS: Partial<Record<FileTypeName, (bytes: FileBytes) => Promise<number>>> = {
  jpeg: endOfJpeg,
  png: endOfPng,
  gif: endOfGif,
  webp: endOfWebp,
  tiff: endOfTiff,
  heic: endOfHeic,
};

/**
 * The end of an image by its structure, which is walked from the first byte to the last. Null for types whose end is
 * not checked here.
 *
 * @throws CORRUPT_FILE if the end is missing, or it has too many parts; FILE_TOO_LARGE if an animation has too many
 *   frames
 */
export async function endOfImage(type: FileTypeName, bytes: FileBytes): Promise<number | null> {
  const end = await FINDERS[type]?.(bytes);
  if (end !== undefined && end > bytes.size) throw endsTooEarly();
  return end ?? null;
}

function refuseMoreParts(parts: number, most: number): void {
  if (parts > most) throw corruptFile(`the image is made of more than ${most} parts`);
}

/**
 * ISO/IEC 10918-1 annex B: segments with a length, and coded data up to the next marker. Without an end mark the image
 * ends with the last scan that has begun: the decoder checks whether its rows are complete, and its coded data counts
 * as foreign bytes.
 */
async function endOfJpeg(bytes: FileBytes): Promise<number> {
  let at = 2;
  let scan: number | null = null;
  for (let parts = 0; ; ) {
    refuseMoreParts(++parts, MAX_BLOCKS);
    const marker = await nextJpegMarker(bytes, at);
    if (marker === null && scan !== null) return scan;
    if (marker === null) throw endsTooEarly();
    if (marker.code === 0xd9) return marker.end;
    const length = await bytes.read(marker.end, 2);
    if (length.length < 2) throw endsTooEarly();
    at = marker.end + length.readUInt16BE(0);
    if (marker.code === START_OF_SCAN && at < bytes.size) scan = at;
  }
}

/**
 * Skips coded data, stuffed and fill bytes, restart markers and the other marker without a length (TEM). Null if the
 * file ends before the next marker.
 */
async function nextJpegMarker(bytes: FileBytes, from: number): Promise<{ code: number; end: number } | null> {
  for (let start = from; start < bytes.size - 1; ) {
    const window = await bytes.readOn(start, 2);
    let at = window.indexOf(0xff);
    while (at !== -1 && at + 1 < window.length) {
      const code = window.readUInt8(at + 1);
      const skipped = code <= 0x01 || code === 0xff || (code >= 0xd0 && code <= 0xd7);
      if (!skipped) return { code, end: start + at + 2 };
      at = window.indexOf(0xff, at + 1);
    }
    start += at === -1 ? window.length : at;
  }
  return null;
}

/** RFC 2083 §3: chunks of length, type, data and CRC, the last one is IEND. */
async function endOfPng(bytes: FileBytes): Promise<number> {
  for (let at = 8, parts = 0; ; ) {
    refuseMoreParts(++parts, MAX_CHUNKS);
    const chunk = await bytes.read(at, 8);
    if (chunk.length < 8) throw endsTooEarly();
    at += 12 + chunk.readUInt32BE(0);
    if (chunk.toString("latin1", 4) === "IEND") return at;
  }
}

/**
 * GIF89a §17–27: blocks of known types, most with sub-blocks, up to the trailer. Without one the image ends with its
 * last complete frame, which is what players show.
 */
async function endOfGif(bytes: FileBytes): Promise<number> {
  const header = await bytes.read(0, 13);
  if (header.length < 13) throw endsTooEarly();
  let at = 13 + colorTableBytes(header.readUInt8(10));
  let wholeFrames: number | null = null;
  for (let parts = 0, frames = 0; ; ) {
    refuseMoreParts(++parts, MAX_BLOCKS);
    const block = await bytes.read(at, 10);
    if (block[0] === 0x3b) return at + 1;
    const isFrame = block[0] === 0x2c;
    if (isFrame && ++frames > MAX_FRAMES) throw tooManyFrames(MAX_FRAMES, frames);
    const end = await endOfGifBlock(bytes, at, block);
    if (end === null && wholeFrames !== null) return wholeFrames;
    if (end === null) throw block.length === 0 || isGifBlock(block) ? endsTooEarly() : malformed();
    if (isFrame) wholeFrames = end;
    at = end;
  }
}

/** Whether it begins an extension or a frame. */
const isGifBlock = (block: Buffer): boolean => block[0] === 0x21 || block[0] === 0x2c;

/** Null if it is not a complete block. */
async function endOfGifBlock(bytes: FileBytes, at: number, block: Buffer): Promise<number | null> {
  if (!isGifBlock(block)) return null;
  if (block[0] === 0x21) return endOfSubBlocks(bytes, at + 2);
  if (block.length < 10) return null;
  return endOfSubBlocks(bytes, at + 11 + colorTableBytes(block.readUInt8(9)));
}

const colorTableBytes = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

/** Null if the file ends before their end. */
async function endOfSubBlocks(bytes: FileBytes, from: number): Promise<number | null> {
  for (let start = from; start < bytes.size; ) {
    const window = await bytes.readOn(start, 1);
    let at = 0;
    while (at < window.length) {
      const length = window.readUInt8(at);
      if (length === 0) return start + at + 1;
      at += 1 + length;
    }
    start += at;
  }
  return null;
}

/**
 * RFC 9649 §2.3–2.4: the RIFF header states the length, padded to an even number. The chunks are only counted, because
 * a decoder gets slower with each further frame.
 */
async function endOfWebp(bytes: FileBytes): Promise<number> {
  const header = await bytes.read(0, 12);
  if (header.length < 12) throw endsTooEarly();
  const size = header.readUInt32LE(4);
  const end = 8 + size + (size % 2);
  for (let at = 12, parts = 0, frames = 0; at + 8 <= end; ) {
    refuseMoreParts(++parts, MAX_CHUNKS);
    const chunk = await bytes.read(at, 8);
    if (chunk.length < 8) throw endsTooEarly();
    if (chunk.toString("latin1", 0, 4) === "ANMF" && ++frames > MAX_FRAMES)
      throw tooManyFrames(MAX_FRAMES, frames);
    const length = chunk.readUInt32LE(4);
    at += 8 + length + (length % 2);
  }
  return end;
}

/**
 * TIFF 6.0 §2: directories refer to each other and to their pixels, in any order. They are only counted, as a decoder
 * follows them; as the end is unknown, the whole file is searched for a second one.
 */
async function endOfTiff(bytes: FileBytes): Promise<number> {
  const header = await bytes.read(0, 8);
  const isLittle = header.toString("latin1", 0, 2) === "II";
  const number = (part: Buffer, at: number, length: number) =>
    isLittle ? part.readUIntLE(at, length) : part.readUIntBE(at, length);
  if (header.length < 8 || number(header, 2, 2) !== 42) throw malformed();
  let next = number(header, 4, 4);
  for (let pages = 0; next !== 0; ) {
    if (++pages > MAX_FRAMES) throw tooManyFrames(MAX_FRAMES, pages);
    const count = await bytes.read(next, 2);
    if (count.length < 2) throw endsTooEarly();
    const link = await bytes.read(next + 2 + 12 * number(count, 0, 2), 4);
    if (link.length < 4) throw endsTooEarly();
    next = number(link, 0, 4);
  }
  return 0;
}
