import type { Storage } from "./storage.js";
import { ObjectNotFound } from "./storage.js";

/**
 * A storage that is changed only while it is the right one, and of which nothing is believed to be missing otherwise.
 *
 * The mark is looked at before each change, so that nothing is written to or removed from somebody else's storage, and
 * after each write, so that no write is acknowledged that went to an empty mount point in between: a stat each, while the
 * mark is the file that was read last. What is found needs no look; what is not found is asked for again behind one, so
 * that a mount that is away makes no file look lost.
 *
 * @param assertOurs throws when the mark in the storage is missing or another's
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
