import type { Storage, StorageTrash, StoredObject } from "./storage.js";
import { ObjectNotFound } from "./storage.js";

const LIST_LIMIT = 1000;

/** A storage and the one whose objects are being moved into it. */
export interface MovingStorages {
  /** Where objects are written. */
  readonly to: Storage;
  /** Where objects may still be: only removals change it. */
  readonly from: Storage;
  /** `to` for a first look, without a guard: that an object is not there yet is nothing unusual. */
  readonly firstLook?: Pick<Storage, "get" | "stat">;
}

/**
 * A storage whose objects are being moved from one to another. An object is under the same key in either or in both,
 * with the same bytes; new ones are written to the new storage, and removals are made in both.
 *
 * Whatever is looked up one after the other is looked up in the order in which no object is missed that is moved
 * meanwhile: by its key in the new storage, in the old one, and once more in the new one; in lists in the old storage
 * first.
 */
export function createMovingStorage({ to, from, firstLook = to }: MovingStorages): Storage {
  const stat: Storage["stat"] = async (key) =>
    (await firstLook.stat(key)) ?? (await from.stat(key)) ?? (await to.stat(key));

  return {
    put: to.put,
    putFile: to.putFile,
    get: (...wanted) =>
      firstFound(
        () => firstLook.get(...wanted),
        () => from.get(...wanted),
        () => to.get(...wanted),
      ),
    stat,
    copy: (source, target) =>
      firstFound(
        () => to.copy(source, target),
        async () => to.put(target, await from.get(source)),
        () => to.copy(source, target),
      ),
    async delete(keys) {
      await from.delete(keys);
      await to.delete(keys);
    },
    async list(prefix, after) {
      const old = await from.list(prefix, after);
      return mergeSorted(old, await to.list(prefix, after)).slice(0, LIST_LIMIT);
    },
    async *walk() {
      yield* from.walk();
      yield* to.walk();
    },
    trash: movingTrash(to.trash, from.trash),
    async presignGet(key, options) {
      const holder = (await firstLook.stat(key)) === null ? from : to;
      return holder.presignGet(key, options);
    },
    internalPath: async (key, size) =>
      (await to.internalPath(key, size)) ?? (await from.internalPath(key, size)),
    // Only one of them takes objects from clients.
    multipart: to.multipart ?? (from.multipart && { ...from.multipart, isEnding: true }),
    async removeUnfinished(startedBefore, options) {
      const old = await from.removeUnfinished(startedBefore, options);
      return old + (await to.removeUnfinished(startedBefore, options));
    },
    readMark: to.readMark,
    writeMark: to.writeMark,
    async check() {
      await to.check();
      await from.check();
    },
  };
}

/** An object that was in both may be in both trashes. */
const movingTrash = (to: StorageTrash, from: StorageTrash): StorageTrash => ({
  async put(keys) {
    await from.put(keys);
    await to.put(keys);
  },
  async restore(keys) {
    await from.restore(keys);
    await to.restore(keys);
  },
  async *walk() {
    yield* from.walk();
    yield* to.walk();
  },
  get: (key) =>
    firstFound(
      () => to.get(key),
      () => from.get(key),
    ),
  async delete(keys) {
    await from.delete(keys);
    await to.delete(keys);
  },
});

/** The result of the first attempt that finds the object. @throws what the last one throws, or another failure */
async function firstFound<Result>(
  attempt: () => Promise<Result>,
  ...others: readonly (() => Promise<Result>)[]
): Promise<Result> {
  try {
    return await attempt();
  } catch (error) {
    const [next, ...rest] = others;
    if (!(error instanceof ObjectNotFound) || next === undefined) throw error;
    return firstFound(next, ...rest);
  }
}

/** Both in the order of the keys, each key once: that of the second one if both have it. */
function mergeSorted(old: readonly StoredObject[], own: readonly StoredObject[]): StoredObject[] {
  const byKey = new Map([...old, ...own].map((object) => [object.key, object]));
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
