import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { MovingStorages } from "../../../platform/storage/moving-storage.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { ObjectNotFound, StorageFault } from "../../../platform/storage/storage.js";
import type { TempFile } from "../../../platform/storage/temp-file.js";
import type { TempFolder } from "../../../platform/storage/temp-folder.js";
import type { IntegrityFinding } from "./finding.js";

export interface MoveObjectDeps {
  readonly moving: MovingStorages;
  readonly tempFolder: Pick<TempFolder, "open">;
}

/** Bytes as the database knows them. */
export interface RecordedBytes {
  readonly storageKey: string;
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
}

export interface MoveObjectOptions {
  readonly dryRun?: boolean | undefined;
  /** Whether the old object is removed when the new one has been read and compared. */
  readonly deleteOld?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MovedObject {
  /** A finding: it cannot be moved, and stays as it is. */
  readonly outcome: "MOVED" | "ALREADY_THERE" | IntegrityFinding["finding"];
  /** Whether it was removed from the old storage, or in a dry run would be. */
  readonly isRemoved: boolean;
}

/**
 * Moves an object from one storage to the other under the same key. It is read into a temp file, and stored if its hash
 * is right: no other bytes ever become visible in the new storage. Then it is read back and compared. May be
 * interrupted at any moment: what is in the new storage with the right size has been stored whole.
 *
 * @throws StorageFault if a storage is unavailable, or returns other bytes than were written
 */
export async function moveObject(
  deps: MoveObjectDeps,
  bytes: RecordedBytes,
  options: MoveObjectOptions = {},
): Promise<MovedObject> {
  const { to, from, firstLook = to } = deps.moving;
  const { storageKey, size } = bytes;
  const found = await firstLook.stat(storageKey);
  const isThere = found?.size === size;
  if (options.dryRun) {
    const old = await from.stat(storageKey);
    const isRemoved = options.deleteOld === true && old !== null;
    if (isThere) return { outcome: "ALREADY_THERE", isRemoved };
    return { outcome: old === null ? "MISSING" : "MOVED", isRemoved };
  }
  try {
    if (isThere) {
      if (!options.deleteOld || (await from.stat(storageKey)) === null) return kept("ALREADY_THERE");
      // It may have been brought by somebody else, and the old object is the last other one.
      if (await hasBytes(to, bytes, options)) return await removeOld(deps, bytes, "ALREADY_THERE");
    }
    const outcome = await copyOver(deps, bytes, options);
    return outcome === "MOVED" && options.deleteOld ? await removeOld(deps, bytes, outcome) : kept(outcome);
  } catch (error) {
    // Moved by another run, or removed from both.
    if (!(error instanceof ObjectNotFound)) throw error;
    return kept((await to.stat(storageKey))?.size === size ? "ALREADY_THERE" : "MISSING");
  }
}

const kept = (outcome: MovedObject["outcome"]): MovedObject => ({ outcome, isRemoved: false });

async function removeOld(
  { moving: { from } }: MoveObjectDeps,
  { storageKey }: RecordedBytes,
  outcome: MovedObject["outcome"],
): Promise<MovedObject> {
  await from.delete([storageKey]);
  return { outcome, isRemoved: true };
}

async function copyOver(
  { moving: { to, from }, tempFolder }: MoveObjectDeps,
  bytes: RecordedBytes,
  { signal }: MoveObjectOptions,
): Promise<MovedObject["outcome"]> {
  const { storageKey, sha256 } = bytes;
  const temp = await tempFolder.open();
  try {
    if ((await readInto(temp, await from.get(storageKey), signal)) !== sha256) return "ALTERED";
    await to.putFile(storageKey, temp.path);
  } catch (error) {
    if (!(error instanceof SourceFault)) throw error;
    // If the storage is unavailable, it is not this object's fault.
    await from.check();
    return "UNREADABLE";
  } finally {
    await temp[Symbol.asyncDispose]();
  }
  if (await hasBytes(to, bytes, { signal })) return "MOVED";
  await to.delete([storageKey]);
  throw new StorageFault(
    `the new storage returned other bytes of ${storageKey} than were written to it; they were removed there again. ` +
      "The old ones are unchanged. Check the new storage before you run this again",
  );
}

/** The old storage has failed to read an object. */
class SourceFault extends Error {}

/** @returns the hash */
async function readInto(temp: TempFile, source: Readable, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(source)) {
    signal?.throwIfAborted();
    hash.update(chunk);
    await temp.write(chunk);
  }
  await temp.close();
  return hash.digest("hex");
}

async function* chunksOf(source: Readable): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    throw error instanceof ObjectNotFound ? error : new SourceFault("unreadable", { cause: error });
  }
}

/** Whether an object has these bytes. @throws ObjectNotFound */
export async function hasBytes(
  storage: Pick<Storage, "get">,
  { storageKey, sha256 }: Pick<RecordedBytes, "storageKey" | "sha256">,
  { signal }: Pick<MoveObjectOptions, "signal">,
): Promise<boolean> {
  const hash = createHash("sha256");
  for await (const chunk of await storage.get(storageKey)) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex") === sha256;
}
