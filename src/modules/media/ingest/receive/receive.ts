import { createHash } from "node:crypto";
import { addAbortSignal } from "node:stream";
import { KIB } from "../../../../kernel/bytes.js";
import type { IncomingFile } from "../../../../platform/http/multipart/incoming-files.js";
import type { TempFile } from "../../../../platform/storage/temp-file.js";
import { corruptFile, fileTooLarge } from "../../media.errors.js";

/** A small file is completely in its head and is not read from the disk again; of a large one it is the beginning. */
const HEAD_BYTES = 256 * KIB;

declare const proof: unique symbol;

/** A file that is completely on the local disk, counted and hashed. Only `receive` makes one. */
export interface Received {
  readonly [proof]: "received";
  readonly temp: Pick<TempFile, "path">;
  /** The file name that the client sent. */
  readonly fileName: string;
  /** In bytes; never 0. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The first 256 KiB, or all of it. */
  readonly head: Buffer;
}

export interface ReceiveOptions {
  readonly file: IncomingFile;
  /** The temp file. It is closed at the end; the caller disposes of it. */
  readonly temp: Pick<TempFile, "path" | "write" | "close">;
  readonly maxBytes: number;
  /** Aborts, for example when another file of the request has been refused. */
  readonly signal?: AbortSignal;
}

/**
 * Streams a file to the disk once, counting and hashing it. Memory is constant for any size.
 *
 * @throws FILE_TOO_LARGE as soon as the limit is exceeded, CORRUPT_FILE for an empty file, and the error of the stream
 *   if the client disconnects or `signal` aborts. In each case the stream is destroyed.
 */
export async function receive({ file, temp, maxBytes, signal }: ReceiveOptions): Promise<Received> {
  const stream = file.open();
  if (signal) addAbortSignal(signal, stream);
  const hash = createHash("sha256");
  const beginning: Buffer[] = [];
  let headBytes = 0;
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw fileTooLarge(maxBytes, size);
    hash.update(chunk);
    if (headBytes < HEAD_BYTES) {
      const part = chunk.subarray(0, HEAD_BYTES - headBytes);
      headBytes += part.length;
      beginning.push(part);
    }
    await temp.write(chunk);
  }
  if (size === 0) throw corruptFile("it is empty");
  await temp.close();
  const head = Buffer.concat(beginning);
  return { temp, fileName: file.fileName, size, sha256: hash.digest("hex"), head } as Received;
}
