import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { chmod, mkdir, open, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { KIB } from "../../kernel/bytes.js";
import { isErrno } from "../../kernel/errno.js";

/** Chunks are written in batches: a small upload costs one write. Bounded in number too, as a chunk may be one byte. */
const BATCH_BYTES = 256 * KIB;
const BATCH_CHUNKS = 1024;

/** A file for the time of one upload. It is on the disk from the first batch, or from `close`, until it is disposed of. */
export interface TempFile extends AsyncDisposable {
  readonly path: string;
  /**
   * Appends bytes, which the caller leaves unchanged from now on. Await it before the next call: that is the
   * back-pressure (at most one batch is being written and one waits). A failed write shows at a later call.
   */
  write(chunk: Buffer): Promise<void>;
  /** Resolves when the file holds all that was written; an empty file when nothing was. Ends the writing. */
  close(): Promise<void>;
}

/** A temp file of its own name in a folder, which is made if it is missing. Nothing is on the disk before the first batch. */
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
      writing.catch(() => {}); // the next call reports it
    },
    async close() {
      if (ended) return;
      ended = true;
      // Whoever disposes of the file meanwhile waits for this as well.
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
  // A full disk accepts a part, and fails at the next write.
  if (bytesWritten < bytes) await handle.appendFile(Buffer.concat(chunks).subarray(bytesWritten));
}

/** A folder that its owner alone may enter; made when it is missing. */
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
