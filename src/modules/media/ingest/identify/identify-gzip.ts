import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { MIB } from "../../../../kernel/bytes.js";
import { FiledeskError } from "../../../../kernel/errors.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { windows } from "../receive/file-bytes.js";
import { refuseEmbeddedContent } from "./embedded-content.js";
import { ZIP_LIMITS } from "./zip-directory.js";

/** What is unpacked of it to prove it, and thrown away at once. */
const PROVED_BYTES = 64 * MIB;

/**
 * Proves a gzip file (RFC 1952) by unpacking it, up to a bound. What is inside is not looked at.
 *
 * @throws CORRUPT_FILE for one that is damaged, ends too early or is a bomb, FILE_TYPE_MISMATCH for one with another
 *   file behind its end
 */
export async function proveGzip(bytes: FileBytes): Promise<void> {
  const gunzip = createGunzip();
  const input = Readable.from(copies(bytes));
  input.once("error", (error) => gunzip.destroy(error));
  let unpacked = 0;
  try {
    for await (const part of input.pipe(gunzip) as AsyncIterable<Buffer>) {
      unpacked += part.length;
      if (unpacked > ZIP_LIMITS.ratioFromBytes && unpacked > gunzip.bytesWritten * ZIP_LIMITS.ratio)
        throw corruptFile(`the archive would unpack to more than ${ZIP_LIMITS.ratio} times its size`);
      if (unpacked > PROVED_BYTES) return;
    }
  } catch (error) {
    if (error instanceof FiledeskError || !isZlibError(error)) throw error;
    throw corruptFile(`the archive is broken (${error.message})`);
  } finally {
    input.destroy();
    gunzip.destroy();
  }
  await refuseEmbeddedContent(bytes, gunzip.bytesWritten);
}

const isZlibError = (error: unknown): error is NodeJS.ErrnoException =>
  String((error as NodeJS.ErrnoException).code).startsWith("Z_");

/** A window is good until the next is read, and the unpacker takes its time. */
async function* copies(bytes: FileBytes): AsyncGenerator<Buffer> {
  for await (const window of windows(bytes, 0, 0)) yield Buffer.from(window);
}
