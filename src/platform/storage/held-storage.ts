import type { Storage } from "./storage.js";

/**
 * A storage whose bytes are not removed for good while something needs them: what would be deleted goes to the trash,
 * and the trash is not emptied.
 *
 * Whether they are held is asked at each removal, after the rows that named the bytes were changed. So bytes that are
 * removed in spite of a hold belong to no row that was there when it began.
 *
 * @param areHeld whether a hold is in force, or has been requested before
 */
export const holdRemovals = (storage: Storage, areHeld: () => Promise<boolean>): Storage => ({
  ...storage,
  async delete(keys) {
    if (keys.length === 0) return;
    await ((await areHeld()) ? storage.trash.put(keys) : storage.delete(keys));
  },
  trash: {
    ...storage.trash,
    async delete(keys) {
      if (keys.length > 0 && !(await areHeld())) await storage.trash.delete(keys);
    },
  },
});
