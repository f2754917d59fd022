import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { chmod, mkdir, open, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { KIB } from "../../kernel/bytes.js";
import { isErrno } from "../../kernel/errno.js";

/**
 * Chunks are written in batches, so that a small upload takes one write. Their number is limited too, because a chunk
 * may be one byte.
 */
const BATCH_BYTES = 256 * KIB;
const BATCH_CHUNKS = 1024;

/**
 * A file for the duration of an upload. It exists on the disk from the first batch, or from `close`, until it is
 * disposed.
 */
export interface TempFile extends AsyncDisposable {
  readonly path: string;
  /**
   * Appends a chunk, which the caller must not change afterwards. Await it before the next call (back-pressure: at most
   * one batch is being written and one is waiting). A failed write is reported by a later call.
   */
  write(chunk: Buffer): Promise<void>;
  /** Ends writing. Resolves when the file contains all chunks; it is empty if there were none. */
  close(): Promise<void>;
}

/**
 * A temp file with a unique name in a folder, which is created if missing. Nothing is written to the disk before the
 * first batch.
 */
export function createTempFile(folder: string): TempFile {
  const path = join(folder, randomUUID());
  let handle: FileHandle | undefined;
  let opening = false;
  let ended = false;
  let batch: Buffer[] = [];
  let batchBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  const writeBatch = async (): Promise<void> => {
    const [chunks, bytes] = [batch, batchBytes];
    [batch, batchBytes] = [[], 0];
    opening = true;
    handle ??= await openNew(path);
    if (bytes > 0) await appendAll(handle, chunks, bytes);
  };
  const closeHandle = async (): Promise<void> => {
    const closing = handle;
    handle = undefined;
    await closing?.close();
  };

  return {
    path,
    async write(chunk) {
      if (ended) throw new Error("this temp file is closed");
      batch.push(chunk);
      batchBytes += chunk.length;
      if (batchBytes < BATCH_BYTES && batch.length < BATCH_CHUNKS) return;
      await writing;
      if (ended) return;
      writing = writeBatch();
      writing.catch(() => {}); // reported by the next call
    },
    async close() {
      if (ended) return;
      ended = true;
      // A concurrent disposal waits for this as well.
      writing = writing.then(writeBatch);
      await writing;
      await closeHandle();
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      await writing.catch(() => {});
      await closeHandle();
      if (opening) await unlinkIfThere(path);
    },
  };
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    await makePrivateFolder(dirname(path));
    return open(path, "wx", 0o600);
  }
}

async function appendAll(handle: FileHandle, chunks: readonly Buffer[], bytes: number): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks);
  // A full disk accepts a part and fails at the next write.
  if (bytesWritten < bytes) await handle.appendFile(Buffer.concat(chunks).subarray(bytesWritten));
}

/** Creates a folder, if it is missing, that only its owner may enter. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o700);
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}
