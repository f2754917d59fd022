import type { FileTypeName } from "../file-types.js";
import { corruptFile, tooManyFrames } from "../media.errors.js";
import type { FileBytes } from "./file-bytes.js";

const endsTooEarly = () => corruptFile("the image ends too early");
/** Of an animation. */
export const MAX_FRAMES = 2_000;

/** Segments, chunks or blocks. A PNG of 50 megapixels with 16 bits a channel has as many at 8 KiB each, which is usual. */
const MAX_PARTS = 50_000;

const malformed = () => corruptFile("the image's structure is broken");

const FINDERS: Partial<Record<FileTypeName, (bytes: FileBytes) => Promise<number>>> = {
  jpeg: endOfJpeg,
  png: endOfPng,
  gif: endOfGif,
  webp: endOfWebp,
};

/**
 * Where an image ends by its own structure, which is walked from the first byte to the last.
 * Null for a type that says nothing of its end here.
 *
 * @throws CORRUPT_FILE for an image whose end is missing, or that is made of too many parts; FILE_TOO_LARGE for an
 *   animation of too many frames
 */
export async function endOfImage(type: FileTypeName, bytes: FileBytes): Promise<number | null> {
  const end = await FINDERS[type]?.(bytes);
  if (end !== undefined && end > bytes.size) throw endsTooEarly();
  return end ?? null;
}

function refuseParts(parts: number): void {
  if (parts > MAX_PARTS) throw corruptFile(`the image is made of more than ${MAX_PARTS} parts`);
}

/** ISO/IEC 10918-1 annex B: segments with a length, and coded data that runs up to the next marker. */
async function endOfJpeg(bytes: FileBytes): Promise<number> {
  let at = 2;
  for (let parts = 0; ; ) {
    refuseParts(++parts);
    const marker = await nextJpegMarker(bytes, at);
    if (marker.code === 0xd9) return marker.end;
    const length = await bytes.read(marker.end, 2);
    if (length.length < 2) throw endsTooEarly();
    at = marker.end + length.readUInt16BE(0);
  }
}

/** Skips coded data, stuffed and fill bytes, restart markers and the other marker without a length (TEM). */
async function nextJpegMarker(bytes: FileBytes, from: number): Promise<{ code: number; end: number }> {
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
  throw endsTooEarly();
}

/** RFC 2083 §3: chunks of length, type, data and CRC, the last one is IEND. */
async function endOfPng(bytes: FileBytes): Promise<number> {
  for (let at = 8, parts = 0; ; ) {
    refuseParts(++parts);
    const chunk = await bytes.read(at, 8);
    if (chunk.length < 8) throw endsTooEarly();
    at += 12 + chunk.readUInt32BE(0);
    if (chunk.toString("latin1", 4) === "IEND") return at;
  }
}

/** GIF89a §17–27: blocks of known kinds, most with sub-blocks, up to the trailer. */
async function endOfGif(bytes: FileBytes): Promise<number> {
  const header = await bytes.read(0, 13);
  if (header.length < 13) throw endsTooEarly();
  let at = 13 + colorTableBytes(header.readUInt8(10));
  for (let parts = 0, frames = 0; ; ) {
    refuseParts(++parts);
    const block = await bytes.read(at, 10);
    if (block[0] === 0x3b) return at + 1;
    if (block.length < 10) throw endsTooEarly();
    if (block[0] === 0x2c && ++frames > MAX_FRAMES) throw tooManyFrames(MAX_FRAMES, frames);
    if (block[0] === 0x2c) at = await endOfSubBlocks(bytes, at + 11 + colorTableBytes(block.readUInt8(9)));
    else if (block[0] === 0x21) at = await endOfSubBlocks(bytes, at + 2);
    else throw malformed();
  }
}

const colorTableBytes = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

async function endOfSubBlocks(bytes: FileBytes, from: number): Promise<number> {
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
  throw endsTooEarly();
}

/**
 * RFC 9649 §2.3–2.4: the RIFF header says how much follows it, padded to an even number. The chunks in it are only
 * counted: a decoder takes ever longer for each further frame.
 */
async function endOfWebp(bytes: FileBytes): Promise<number> {
  const header = await bytes.read(0, 12);
  if (header.length < 12) throw endsTooEarly();
  const size = header.readUInt32LE(4);
  const end = 8 + size + (size % 2);
  for (let at = 12, parts = 0, frames = 0; at + 8 <= end; ) {
    refuseParts(++parts);
    const chunk = await bytes.read(at, 8);
    if (chunk.length < 8) throw endsTooEarly();
    if (chunk.toString("latin1", 0, 4) === "ANMF" && ++frames > MAX_FRAMES)
      throw tooManyFrames(MAX_FRAMES, frames);
    const length = chunk.readUInt32LE(4);
    at += 8 + length + (length % 2);
  }
  return end;
}
