import type { MultipartUploads } from "./multipart-uploads.js";
import type { MarkReading, Storage } from "./storage.js";
import { ObjectNotFound } from "./storage.js";

/** How old a look at the mark may be when nothing has seemed wrong: where a look takes a request, writes share one. */
const RECENT_MS = 5_000;

/**
 * A storage that is only changed, and whose objects only count as missing, while it has the mark of this installation.
 *
 * The mark is checked before each change, so that nothing is written to or removed from another installation's storage,
 * and after each write, so that no write to an empty mount point is acknowledged. A check is one stat, or a request every
 * few seconds. Found objects need no check. If an object is not found, the mark is checked and the read is repeated, so that a missing
 * mount does not make files look lost.
 *
 * @param assertOurs throws if the mark in the storage is missing or of another installation
 */
export function guardStorage(
  storage: Storage,
  assertOurs: (options?: MarkReading) => Promise<void>,
): Storage {
  const assertOursRecently = () => assertOurs({ maxAgeMs: RECENT_MS });
  const writing =
    <Args extends readonly unknown[]>(write: (...args: Args) => Promise<void>) =>
    async (...args: Args): Promise<void> => {
      await assertOursRecently();
      await write(...args);
      await assertOursRecently();
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
        await assertOursRecently();
      } catch (error) {
        body.on("error", () => {}).destroy();
        throw error;
      }
      await storage.put(key, body);
      await assertOursRecently();
    },
    putFile: writing(storage.putFile),
    copy: writing(storage.copy),
    delete: writing(storage.delete),
    multipart: storage.multipart && guardMultipart(storage.multipart, assertOursRecently),
    async removeUnfinished(...wanted) {
      await assertOurs();
      return storage.removeUnfinished(...wanted);
    },
    async check() {
      await assertOurs({ impatient: true });
      await storage.check();
    },
    trash: {
      ...storage.trash,
      put: writing(storage.trash.put),
      restore: writing(storage.trash.restore),
      delete: writing(storage.trash.delete),
    },
  };
}

/** An upload is known to the store in which it was begun alone: its parts need no look at the mark. */
const guardMultipart = (
  multipart: MultipartUploads,
  assertOursRecently: () => Promise<void>,
): MultipartUploads => ({
  ...multipart,
  async begin(...wanted) {
    await assertOursRecently();
    return multipart.begin(...wanted);
  },
  async complete(...wanted) {
    await assertOursRecently();
    await multipart.complete(...wanted);
    await assertOursRecently();
  },
  async abort(upload) {
    await assertOursRecently();
    await multipart.abort(upload);
  },
});
