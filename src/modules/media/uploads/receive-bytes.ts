import { createHash } from "node:crypto";
import { MIB } from "../../../kernel/bytes.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { countDeadBuffers } from "../../../platform/dead-buffers.js";
import type { IncomingBytes } from "../../../platform/http/tus/resumable-uploads.js";
import { checksumMismatch } from "../../../platform/http/tus/tus-headers.js";
import type { StagingArea } from "../../../platform/storage/staging-area.js";
import { fileTooLarge } from "../media.errors.js";
import type { UploadLease } from "./upload-lease.js";

/** After so many bytes they are made durable, and the offset is written: a killed server loses no more. */
const SYNC_BYTES = 8 * MIB;

/**
 * Appends the body of a request to an upload. Memory is constant for any size. What had arrived when the connection or
 * the lease ended, or the access of the sender, is kept, unless the request has a checksum, which can only be verified of all its bytes.
 *
 * @param maxBytes of the whole upload
 * @returns the new durable length, which the caller writes
 * @throws FILE_TOO_LARGE, UPLOAD_INCOMPLETE, HttpRefusal 460 for another checksum
 */
export async function receiveBytes(
  staging: StagingArea,
  { upload, signal, write }: UploadLease,
  { body, checksum }: Pick<IncomingBytes, "body" | "checksum">,
  maxBytes: number,
): Promise<number> {
  const hash = checksum && createHash(checksum.algorithm);
  const writer = await staging.continueAt(upload.id, upload.receivedBytes);
  // A request that has arrived as a whole is answered: there is nothing to wait for.
  const stopReading = () => {
    if (!body.complete) body.destroy();
  };
  signal.addEventListener("abort", stopReading, { once: true });
  if (signal.aborted) stopReading();
  let offset = upload.receivedBytes;
  let durable = offset;
  const keep = async (length: Promise<number>) => {
    durable = await length;
    await write({ receivedBytes: durable });
  };
  try {
    for await (const chunk of bytesOf(body)) {
      signal.throwIfAborted();
      countDeadBuffers(chunk.length);
      offset += chunk.length;
      if (offset > maxBytes) throw fileTooLarge(maxBytes, offset);
      hash?.update(chunk);
      await writer.write(chunk);
      if (hash === null && offset - durable >= SYNC_BYTES) await keep(writer.checkpoint());
    }
    if (hash && !hash.digest().equals(checksum?.digest ?? Buffer.alloc(0))) throw checksumMismatch();
    return await writer.sync();
  } catch (error) {
    // Of more bytes than the upload may have it is not known which are right.
    if (isTooLarge(error)) await write({ receivedBytes: upload.receivedBytes });
    // What was written before stays valid if this fails.
    else if (hash === null) await keep(writer.sync()).catch(() => {});
    if (error instanceof Interrupted) throw signal.aborted ? signal.reason : disconnected();
    throw error;
  } finally {
    signal.removeEventListener("abort", stopReading);
    await writer.close();
  }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof FiledeskError && error.code === "FILE_TOO_LARGE";

/** The body has ended before its end. */
class Interrupted extends Error {}

/** The chunks of a body; the request is not destroyed if the caller stops before the end, so that it can be answered. */
async function* bytesOf(body: IncomingBytes["body"]): AsyncGenerator<Buffer> {
  const chunks = body.iterator({ destroyOnReturn: false });
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await chunks.next();
    } catch (error) {
      throw new Interrupted("the connection was closed", { cause: error });
    }
    if (next.done) break;
    yield next.value;
  }
  if (!body.complete) throw new Interrupted("the connection was closed");
}

const disconnected = () =>
  new FiledeskError("UPLOAD_INCOMPLETE", "The connection was closed before the whole request had arrived.");
