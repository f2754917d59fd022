import type { Storage } from "./storage.js";
import { ObjectNotFound } from "./storage.js";

/**
 * A storage that is only changed, and whose objects only count as missing, while it has the mark of this installation.
 *
 * The mark is checked before each change, so that nothing is written to or removed from another installation's storage,
 * and after each write, so that no write to an empty mount point is acknowledged. A check is usually one stat. Found
 * objects need no check. If an object is not found, the mark is checked and the read is repeated, so that a missing
 * mount does not make files look lost.
 *
 * @param assertOurs throws if the mark in the storage is missing or of another installation
 */
export function guardStorage(storage: Storage, assertOurs: () => Promise<void>): Storage {
  const writing =
    <Args extends readonly unknown[]>(write: (...args: Args) => Promise<void>) =>
    async (...args: Args): Promise<void> => {
      await assertOurs();
      await write(...args);
      await assertOurs();
    };
  return {
    ...storage,
    async get(...wanted) {
      try {
        return await storage.get(...wanted);
      } catch (error) {
        if (!(error instanceof ObjectNotFound)) throw error;
        await assertOurs();
        return storage.get(...wanted);
      }
    },
    async stat(key) {
      const found = await storage.stat(key);
      if (found !== null) return found;
      await assertOurs();
      return storage.stat(key);
    },
    async put(key, body) {
      try {
        await assertOurs();
      } catch (error) {
        body.on("error", () => {}).destroy();
        throw error;
      }
      await storage.put(key, body);
      await assertOurs();
    },
    putFile: writing(storage.putFile),
    copy: writing(storage.copy),
    delete: writing(storage.delete),
    check: writing(storage.check),
    trash: {
      ...storage.trash,
      put: writing(storage.trash.put),
      restore: writing(storage.trash.restore),
      delete: writing(storage.trash.delete),
    },
  };
}
