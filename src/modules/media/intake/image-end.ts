import type { FileTypeName } from "../file-types.js";
import { corruptFile } from "../media.errors.js";
import type { FileBytes } from "./file-bytes.js";
import { WINDOW_BYTES } from "./file-bytes.js";

const endsTooEarly = () => corruptFile("the image ends too early");
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
 * @throws CORRUPT_FILE for an image whose end is missing
 */
export async function endOfImage(type: FileTypeName, bytes: FileBytes): Promise<number | null> {
  const end = await FINDERS[type]?.(bytes);
  if (end !== undefined && end > bytes.size) throw endsTooEarly();
  return end ?? null;
}

/** ISO/IEC 10918-1 annex B: segments with a length, and coded data that runs up to the next marker. */
async function endOfJpeg(bytes: FileBytes): Promise<number> {
  let at = 2;
  for (;;) {
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
    const window = await bytes.read(start, WINDOW_BYTES);
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
  for (let at = 8; ; ) {
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
  for (;;) {
    const block = await bytes.read(at, 10);
    if (block[0] === 0x3b) return at + 1;
    if (block.length < 10) throw endsTooEarly();
    if (block[0] === 0x2c) at = await endOfSubBlocks(bytes, at + 11 + colorTableBytes(block.readUInt8(9)));
    else if (block[0] === 0x21) at = await endOfSubBlocks(bytes, at + 2);
    else throw malformed();
  }
}

const colorTableBytes = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

async function endOfSubBlocks(bytes: FileBytes, from: number): Promise<number> {
  for (let start = from; start < bytes.size; ) {
    const window = await bytes.read(start, WINDOW_BYTES);
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

/** RFC 9649 §2.3–2.4: the RIFF header says how much follows it, padded to an even number. */
async function endOfWebp(bytes: FileBytes): Promise<number> {
  const header = await bytes.read(0, 12);
  if (header.length < 12) throw endsTooEarly();
  const size = header.readUInt32LE(4);
  return 8 + size + (size % 2);
}
