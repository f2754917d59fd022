import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { KIB } from "../../kernel/bytes.js";
import { isErrno } from "../../kernel/errno.js";
import type { DurableFolders } from "./durable-folders.js";
import { createDurableFolders } from "./durable-folders.js";
import { assertKey } from "./key.js";
import type { StagingArea, StagingSweepOptions, StagingSweepReport, StagingWriter } from "./staging-area.js";
import { makePrivateFolder } from "./temp-file.js";

/** Chunks are written in batches. Their number is limited too, because a chunk may be one byte. */
const BATCH_BYTES = 256 * KIB;
const BATCH_CHUNKS = 1024;
const READ_BYTES = 256 * KIB;
const NAMES_AT_ONCE = 1_000;

/** The folder beside the objects of a local storage, so that `putFile` moves a finished file without a copy. */
export const localStagingFolder = (root: string): string => join(resolve(root), ".staged");

/** A staging area in a folder, one file for each upload. */
export function createLocalStaging(folder: string): StagingArea {
  const folders = createDurableFolders(folder);
  const pathOf = (name: string): string => {
    assertKey(name);
    return join(folder, name);
  };
  return {
    has: async (name) => (await unlessMissing(stat(pathOf(name)))) !== null,
    async continueAt(name, offset) {
      const path = pathOf(name);
      const handle = await openFor(path, () => makeFolder(folder, folders));
      try {
        const { size } = await handle.stat();
        if (size < offset) throw new Error(`${name} has ${size} bytes, and should have at least ${offset}`);
        await handle.truncate(offset);
        // The entry of a new file, which its own sync does not include.
        if (offset === 0) await folders.sync(folder);
        return createWriter(handle, offset);
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
    async open(name, size) {
      const path = pathOf(name);
      const found = await unlessMissing(stat(path));
      if (found?.size !== size) return null;
      return {
        // It is there already.
        temp: { path, async write() {}, async close() {} },
        read: () => createReadStream(path, { highWaterMark: READ_BYTES }),
        // Moved by `putFile`, or removed with its upload.
        async [Symbol.asyncDispose]() {},
      };
    },
    async remove(names) {
      for (const name of names) await rm(pathOf(name), { force: true });
    },
    sweep: (options) => sweepFolder(folder, options),
  };
}

async function openFor(path: string, makeItsFolder: () => Promise<void>): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    await makeItsFolder();
    return open(path, "w+", 0o600);
  }
}

async function makeFolder(folder: string, folders: DurableFolders): Promise<void> {
  await makePrivateFolder(folder);
  await folders.sync(dirname(folder));
}

/** One batch is being written while the next one is collected. */
function createWriter(handle: FileHandle, offset: number): StagingWriter {
  let batch: Buffer[] = [];
  let batchBytes = 0;
  let written = offset;
  let writing: Promise<void> = Promise.resolve();

  const flush = async (): Promise<void> => {
    await writing;
    if (batchBytes === 0) return;
    const [chunks, bytes, at] = [batch, batchBytes, written];
    [batch, batchBytes] = [[], 0];
    written += bytes;
    writing = writeAll(handle, chunks, at);
    writing.catch(() => {}); // reported by the next call
  };
  const sync = async (): Promise<number> => {
    await flush();
    await writing;
    await handle.datasync();
    return written;
  };
  return {
    async write(chunk) {
      batch.push(chunk);
      batchBytes += chunk.length;
      if (batchBytes >= BATCH_BYTES || batch.length >= BATCH_CHUNKS) await flush();
    },
    sync,
    checkpoint: sync,
    async close() {
      await writing.catch(() => {});
      await handle.close();
    },
  };
}

async function writeAll(handle: FileHandle, chunks: readonly Buffer[], at: number): Promise<void> {
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await handle.writev(chunks, at);
  if (bytesWritten === bytes) return;
  // A full disk accepts a part and fails at the next write.
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  for (let done = 0; done < rest.length; )
    done += (await handle.write(rest, done, rest.length - done, at + bytesWritten + done)).bytesWritten;
}

async function sweepFolder(
  folder: string,
  { writtenBefore, kept, dryRun = false, onProgress, signal }: StagingSweepOptions,
): Promise<StagingSweepReport> {
  const names = (await unlessMissing(readdir(folder))) ?? [];
  let report: StagingSweepReport = { removed: 0, removedBytes: 0 };
  for (let from = 0; from < names.length; from += NAMES_AT_ONCE) {
    signal?.throwIfAborted();
    const some = names.slice(from, from + NAMES_AT_ONCE);
    const needed = await kept(some);
    for (const name of some.filter((one) => !needed.has(one))) {
      const path = join(folder, name);
      const found = await unlessMissing(stat(path));
      if (!found?.isFile() || found.mtime >= writtenBefore) continue;
      if (!dryRun) await rm(path, { force: true });
      report = { removed: report.removed + 1, removedBytes: report.removedBytes + found.size };
    }
    onProgress?.({ done: Math.min(from + NAMES_AT_ONCE, names.length), total: names.length });
  }
  return report;
}

async function unlessMissing<Result>(found: Promise<Result>): Promise<Result | null> {
  try {
    return await found;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}
