import type { Storage } from "./storage.js";

/**
 * A storage that is changed only while it is the right one.
 *
 * The mark is looked at before each change, so that nothing is written to or removed from somebody else's storage, and
 * after each write, so that no write is acknowledged that went to an empty mount point in between: a stat each, while the
 * mark is the file that was read last.
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
