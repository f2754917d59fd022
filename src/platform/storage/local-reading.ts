import type { FileHandle } from "node:fs/promises";
import { open, stat as statFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { KIB } from "../../kernel/bytes.js";
import { isErrno } from "../../kernel/errno.js";
import { assertKey, assertKeyPrefix } from "./key.js";
import { walkKeys } from "./local-listing.js";
import { streamKeys } from "./local-walk.js";
import type { ByteRange, Storage, StoredObject } from "./storage.js";
import { ObjectNotFound, WrongSize } from "./storage.js";

const READ_BYTES = 256 * KIB;
const LIST_LIMIT = 1000;
const STATS_AT_ONCE = 32;

/** The reading part of a local storage. */
export function createLocalReading(root: string): Pick<Storage, "get" | "stat" | "list" | "walk"> {
  const get: Storage["get"] = async (key, range, size) => {
    assertKey(key);
    const handle = await openObject(root, key);
    try {
      return await read(handle, { key, range, size });
    } catch (error) {
      await handle.close();
      throw error;
    }
  };

  const stat: Storage["stat"] = async (key) => {
    assertKey(key);
    try {
      const found = await statFile(join(root, key));
      // Uses ctime, because a file that was moved in may have been written long before.
      return found.isFile() ? { key, size: found.size, modifiedAt: found.ctime } : null;
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return null;
      throw error;
    }
  };

  const list: Storage["list"] = async (prefix, after = "") => {
    assertKeyPrefix(prefix);
    const keys = walkKeys(root, { prefix, after });
    const objects: StoredObject[] = [];
    while (objects.length < LIST_LIMIT) {
      const batch = await take(keys, LIST_LIMIT - objects.length);
      if (batch.length === 0) break;
      // Objects that were removed meanwhile are replaced by further ones, because a page that is not full counts as the
      // last one.
      for (const object of await Promise.all(batch.map(stat))) if (object) objects.push(object);
    }
    return objects;
  };

  async function* walk(): AsyncGenerator<StoredObject> {
    const keys = streamKeys(root);
    for (;;) {
      const batch = await take(keys, STATS_AT_ONCE);
      if (batch.length === 0) return;
      for (const object of await Promise.all(batch.map(stat))) if (object) yield object;
    }
  }

  return { get, stat, list, walk };
}

async function openObject(root: string, key: string): Promise<FileHandle> {
  try {
    return await open(join(root, key), "r");
  } catch (error) {
    throw isErrno(error, "ENOENT", "ENOTDIR") ? new ObjectNotFound(key) : error;
  }
}

interface Wanted {
  readonly key: string;
  readonly range: ByteRange | undefined;
  readonly size: number | undefined;
}

/**
 * Reads a small range at once, which is faster than a stream of one chunk. The stream closes the handle; if this
 * throws, the caller has to close it.
 */
async function read(handle: FileHandle, { key, range, size }: Wanted): Promise<Readable> {
  const found = await handle.stat();
  if (!found.isFile()) throw new ObjectNotFound(key);
  if (size !== undefined && size !== found.size) throw new WrongSize(key, size, found.size);
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? Number.POSITIVE_INFINITY, found.size - 1);
  if (range && !(start >= 0 && start <= end))
    throw new RangeError(`bytes ${range.start}-${range.end} are not among the ${found.size} of ${key}`);
  if (end - start >= READ_BYTES) return handle.createReadStream({ start, end, highWaterMark: READ_BYTES });
  const bytes = await readWhole(handle, start, end - start + 1);
  await handle.close();
  return streamOf(bytes);
}

async function readWhole(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) throw new Error("the file was truncated while it was read");
    filled += bytesRead;
  }
  return bytes;
}

function streamOf(bytes: Buffer): Readable {
  const stream = new Readable({ read() {} });
  if (bytes.length > 0) stream.push(bytes);
  stream.push(null);
  return stream;
}

async function take<T>(from: AsyncGenerator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = await from.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}
