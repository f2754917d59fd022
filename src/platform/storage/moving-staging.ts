import type { StagingArea } from "./staging-area.js";

/**
 * The staging area of a storage whose objects are being moved: uploads that have begun in the old area are continued
 * and finished there, all others are in the new one.
 */
export const createMovingStaging = (to: StagingArea, from: StagingArea): StagingArea => ({
  has: async (name) => (await from.has(name)) || (await to.has(name)),
  continueAt: async (name, offset) =>
    (await from.has(name)) ? from.continueAt(name, offset) : to.continueAt(name, offset),
  open: async (name, size) => (await from.open(name, size)) ?? (await to.open(name, size)),
  async remove(names) {
    await from.remove(names);
    await to.remove(names);
  },
  async sweep(options) {
    const old = await from.sweep(options);
    const own = await to.sweep(options);
    return { removed: old.removed + own.removed, removedBytes: old.removedBytes + own.removedBytes };
  },
});
