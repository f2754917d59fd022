import type { FileTypeName } from "../../file-types.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { endOfMovie } from "./movie-boxes.js";

const FINDERS: Partial<Record<FileTypeName, (bytes: FileBytes) => Promise<number>>> = {
  mp4: endOfMovie,
  quicktime: endOfMovie,
  webm: endOfWebm,
};

/**
 * The end of a video by its structure. Null for other files.
 *
 * @throws CORRUPT_FILE if its end is missing, as far as the container shows it
 */
export async function endOfVideo(type: FileTypeName, bytes: FileBytes): Promise<number | null> {
  return (await FINDERS[type]?.(bytes)) ?? null;
}

const SEGMENT = 0x18538067;
/** The segment follows the header and at most some padding. */
const MOST_ELEMENTS = 16;

/**
 * RFC 9559 §4.5: a header, then one segment. A live recording has no length of the segment, so that nothing shows
 * whether its end is missing.
 */
async function endOfWebm(bytes: FileBytes): Promise<number> {
  let at = 0;
  for (let count = 0; count < MOST_ELEMENTS; count++) {
    const header = await bytes.read(at, 12);
    const idBytes = vintBytes(header[0]);
    const sizeBytes = vintBytes(header[idBytes]);
    if (idBytes > 4 || sizeBytes > 8 || header.length < idBytes + sizeBytes) break;
    const id = header.readUIntBE(0, idBytes);
    const size = vint(header.subarray(idBytes, idBytes + sizeBytes));
    const end = size === null ? bytes.size : at + idBytes + sizeBytes + size;
    if (end > bytes.size) throw corruptFile("the video ends too early");
    if (id === SEGMENT) return end;
    at = end;
  }
  throw corruptFile("the video's structure is broken");
}

/** The length of a variable-size integer (RFC 8794 §4): one more than its leading zero bits. */
const vintBytes = (first = 0): number => Math.clz32(first) - 23;

/** Null for "unknown": all bits set. */
function vint(bytes: Buffer): number | null {
  const bits = 7n * BigInt(bytes.length);
  const value = BigInt(`0x${bytes.toString("hex")}`) & ((1n << bits) - 1n);
  return value === (1n << bits) - 1n ? null : Number(value);
}
