import { corruptFile } from "../../media.errors.js";

/** BITMAPFILEHEADER and BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER and its successors (40 bytes and more). */
const FILE_HEADER_BYTES = 14;
const CORE_HEADER_BYTES = 12;
const INFO_HEADER_BYTES = 40;
const BITS_PER_PIXEL: ReadonlySet<number> = new Set([1, 4, 8, 16, 24, 32]);
const RUN_LENGTH_ENCODED: ReadonlySet<number> = new Set([1, 2]);
const PLAIN: ReadonlySet<number> = new Set([0, 3, 6]);

/**
 * Reads the dimensions of a BMP image from its headers, and verifies that its pixels are complete.
 *
 * @param head at least the first 64 bytes, or the whole file
 * @throws CORRUPT_FILE
 */
export function inspectBmp(head: Buffer, size: number): { readonly width: number; readonly height: number } {
  if (head.length < FILE_HEADER_BYTES + INFO_HEADER_BYTES) throw corruptFile("the image ends too early");
  const core = head.readUInt32LE(14) === CORE_HEADER_BYTES;
  const width = core ? head.readUInt16LE(18) : head.readInt32LE(18);
  // With a negative height the rows run from top to bottom.
  const height = core ? head.readUInt16LE(20) : Math.abs(head.readInt32LE(22));
  const bits = head.readUInt16LE(core ? 24 : 28);
  const compression = core ? 0 : head.readUInt32LE(30);
  const known = BITS_PER_PIXEL.has(bits) && (PLAIN.has(compression) || RUN_LENGTH_ENCODED.has(compression));
  if (width <= 0 || height === 0 || !known) throw corruptFile("the image's header is broken");
  const pixelBytes = PLAIN.has(compression)
    ? Math.ceil((width * bits) / 32) * 4 * height
    : head.readUInt32LE(34);
  if (head.readUInt32LE(10) + pixelBytes > size) throw corruptFile("the image ends too early");
  return { width, height };
}
