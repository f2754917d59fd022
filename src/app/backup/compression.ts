import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { isErrno } from "../../kernel/errno.js";
import type { BackupReading, WrittenFile } from "./backup-folder.js";
import { DamagedBackup } from "./backup-folder.js";

/** Little processor time, for most of what the highest level saves. */
const LEVEL = 3;

export const compress = (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> =>
  through(chunks, createGzip({ level: LEVEL }));

const ZLIB_ERRORS = ["Z_DATA_ERROR", "Z_BUF_ERROR", "Z_NEED_DICT", "Z_STREAM_ERROR"];

/** The content of a compressed file of a backup. @throws DamagedBackup */
export async function* readCompressed(
  folder: BackupReading,
  file: Pick<WrittenFile, "file" | "sha256">,
): AsyncGenerator<Buffer> {
  try {
    yield* through(folder.read(file), createGunzip());
  } catch (error) {
    throw isErrno(error, ...ZLIB_ERRORS)
      ? new DamagedBackup(`${join(folder.path, file.file)} is damaged`)
      : error;
  }
}

async function* through(
  chunks: AsyncIterable<Buffer>,
  stream: ReturnType<typeof createGzip>,
): AsyncGenerator<Buffer> {
  const filling = pipeline(chunks, stream);
  filling.catch(() => {}); // the stream fails likewise
  yield* stream as AsyncIterable<Buffer>;
  await filling;
}

/** The lines of a text in UTF-8, without their ends. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
