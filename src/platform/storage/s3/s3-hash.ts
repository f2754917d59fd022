import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { KIB } from "../../../kernel/bytes.js";

/** The name in an object's metadata of the MD5 of its bytes, in hex. An ETag is that of some stores and objects alone. */
export const HASH = "filedesk-md5";

const READ_BYTES = 256 * KIB;

export const md5Of = (bytes: Buffer): Buffer => createHash("md5").update(bytes).digest();

/** The bytes of a file from `start` up to, and without, `end`. */
export const sectionOf = (path: string, start: number, end: number): AsyncIterable<Buffer> =>
  start === end ? noBytes() : createReadStream(path, { start, end: end - 1, highWaterMark: READ_BYTES });

async function* noBytes(): AsyncGenerator<Buffer> {}

export interface FileHashes {
  /** The MD5 of each section, the last of which may be smaller; of an empty file there is one. */
  readonly sections: readonly Buffer[];
  readonly whole: Buffer;
}

/** The MD5 of a file and of its sections, in one reading through one buffer. */
export async function hashFile(path: string, size: number, sectionBytes: number): Promise<FileHashes> {
  const file = await open(path);
  const buffer = Buffer.allocUnsafe(Math.min(size, READ_BYTES));
  const whole = size > sectionBytes ? createHash("md5") : null;
  const sections: Buffer[] = [];
  try {
    for (let start = 0; start < size || start === 0; start += sectionBytes) {
      const section = createHash("md5");
      const end = Math.min(start + sectionBytes, size);
      for (let at = start; at < end; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
        if (bytesRead === 0) throw new Error(`${path} has ended after ${at} of ${size} bytes`);
        section.update(buffer.subarray(0, bytesRead));
        whole?.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
      sections.push(section.digest());
    }
    return { sections, whole: whole?.digest() ?? sections[0] ?? Buffer.alloc(0) };
  } finally {
    await file.close();
  }
}
