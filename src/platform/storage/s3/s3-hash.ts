import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { KIB } from "../../../kernel/bytes.js";

/** The name in an object's metadata of the MD5 of its bytes, in hex. An ETag is that of some stores and objects alone. */
export const HASH = "filedesk-md5";

const READ_BYTES = 256 * KIB;

export const md5Of = (bytes: Buffer): Buffer => createHash("md5").update(bytes).digest();

/** The bytes of a file from `start` up to, and without, `end`. */
export const sectionOf = (path: string, start: number, end: number): AsyncIterable<Buffer> =>
  start === end ? noBytes() : createReadStream(path, { start, end: end - 1, highWaterMark: READ_BYTES });

async function* noBytes(): AsyncGenerator<Buffer> {}

/** The MD5 of a part of a file; `whole` hashes it as well. */
export async function hashSection(section: AsyncIterable<Buffer>, whole?: Hash): Promise<Buffer> {
  const hash = createHash("md5");
  for await (const chunk of section) {
    hash.update(chunk);
    whole?.update(chunk);
  }
  return hash.digest();
}
