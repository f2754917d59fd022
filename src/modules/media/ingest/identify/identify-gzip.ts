import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { MIB } from "../../../../kernel/bytes.js";
import { FiledeskError } from "../../../../kernel/errors.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { windows } from "../receive/file-bytes.js";
import { refuseEmbeddedContent } from "./embedded-content.js";
import { ZIP_LIMITS } from "./zip-directory.js";

/** The most that is unpacked to verify it, and discarded. */
const PROVED_BYTES = 64 * MIB;

/**
 * Verifies a gzip file (RFC 1952) by unpacking it, up to a limit. The content is not checked.
 *
 * @throws CORRUPT_FILE if it is damaged, truncated or a bomb, FILE_TYPE_MISMATCH if another file follows it
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

/** A window is only valid until the next read, and unpacking is asynchronous. */
async function* copies(bytes: FileBytes): AsyncGenerator<Buffer> {
  for await (const window of windows(bytes, 0, 0)) yield Buffer.from(window);
}
