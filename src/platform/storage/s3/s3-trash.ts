import pLimit from "p-limit";
import type { Storage, StorageTrash } from "../storage.js";
import { ObjectNotFound } from "../storage.js";
import { copyObject } from "./s3-copy.js";
import { createS3Reading } from "./s3-reading.js";
import type { S3Store } from "./s3-store.js";
import { below } from "./s3-store.js";
import { createS3Writing } from "./s3-writing.js";

/** Begins with a dot, so that what is below it is no object of the storage. */
const TRASH = ".trash";
const AT_ONCE = 8;
/** So many are moved before their sources are removed. */
const BATCH = 200;

type Objects = Pick<Storage, "stat" | "delete">;

/**
 * The trash of an S3 storage: the same bucket, below another prefix. A move is a copy within the store, then a
 * deletion. A process that is killed in between leaves an object in both places, which the next move of it ends.
 */
export function createS3Trash(store: S3Store, live: Objects): StorageTrash {
  const trashStore = below(store, TRASH);
  const reading = createS3Reading(trashStore);
  const trash = { ...reading, ...createS3Writing(trashStore) };
  const at = { live: { store, objects: live }, trash: { store: trashStore, objects: trash } };

  const move = async (keys: readonly string[], from: "live" | "trash", to: "live" | "trash") => {
    const limit = pLimit(AT_ONCE);
    for (let first = 0; first < keys.length; first += BATCH) {
      const batch = keys.slice(first, first + BATCH);
      const copying = (key: string) => copyIfThere(at[from].store, at[to].store, key);
      await Promise.all(batch.map((key) => limit(copying, key)));
      await at[from].objects.delete(batch);
    }
  };
  return {
    put: (keys) => move(keys, "live", "trash"),
    async restore(keys) {
      const limit = pLimit(AT_ONCE);
      const existing = await Promise.all(keys.map((key) => limit(() => live.stat(key))));
      await move(
        keys.filter((_, nth) => existing[nth] === null),
        "trash",
        "live",
      );
    },
    walk: () => reading.walk(),
    get: (key) => reading.get(key),
    delete: (keys) => trash.delete(keys),
  };
}

async function copyIfThere(from: S3Store, to: S3Store, key: string): Promise<void> {
  try {
    await copyObject({ store: from, key }, { store: to, key });
  } catch (error) {
    if (!(error instanceof ObjectNotFound)) throw error; // already moved or removed
  }
}
