import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";

/**
 * RFC 4867 §5: after the magic number a file consists of frames of 20 ms, whose first byte determines their length.
 * Null: unknown mode.
 */
const NARROW = {
  mark: "#!AMR\n",
  frames: [12, 13, 15, 17, 19, 20, 26, 31, 5, null, null, null, null, null, null, 0],
};
const WIDE = {
  mark: "#!AMR-WB\n",
  frames: [17, 23, 32, 36, 40, 46, 50, 58, 60, 5, null, null, null, null, 0, 0],
};
const FRAME_MS = 20;

const bandOf = (head: Buffer) =>
  [NARROW, WIDE].find(({ mark }) => head.subarray(0, mark.length).equals(Buffer.from(mark)));

/** Whether a file begins like an AMR recording. */
export const isAmr = (head: Buffer): boolean => bandOf(head) !== undefined;

/**
 * The duration of an AMR recording. @throws CORRUPT_FILE if it does not consist of frames from the first byte to the
 * last
 */
export async function durationOfAmr(bytes: FileBytes): Promise<number> {
  const { mark, frames } = bandOf(await bytes.read(0, 16)) ?? NARROW;
  let count = 0;
  let at = mark.length;
  while (at < bytes.size) {
    const window = await bytes.readOn(at, 1);
    let within = 0;
    while (within < window.length) {
      const header = window.readUInt8(within);
      const length = (header & 0x83) === 0 ? frames[header >> 3] : null;
      if (length == null) throw corruptFile("the recording is not made of frames");
      within += 1 + length;
      count += 1;
    }
    at += within;
  }
  if (at > bytes.size || count === 0) throw corruptFile("the recording ends too early");
  return count * FRAME_MS;
}
