import { join, resolve } from "node:path";
import { createLocalMark } from "./local-mark.js";
import { createLocalReading } from "./local-reading.js";
import { createLocalTrash, localTrashRoot } from "./local-trash.js";
import { createLocalWriting } from "./local-writing.js";
import { probe } from "./probe.js";
import type { Storage } from "./storage.js";
import { ownTempFolder } from "./temp-folder.js";

/** Where a local storage writes what is not complete yet, each process in a folder of its own. Files of a temp folder opened here reach `putFile` without a copy. */
export const localTempFolder = (root: string): string => join(resolve(root), ".tmp");

/**
 * A storage in a folder of the local disk: the key is the path below `root`, which is made when it is missing.
 *
 * An object is written elsewhere, synced and renamed, so that a reader sees all of it or nothing, and a reader
 * of what is replaced or deleted reads on to its end. One key cannot go on behind another (`a` and `a/b`).
 * A deletion is not synced: after a loss of power an object may be there again. Folders left empty stay.
 */
export function createLocalStorage(options: { readonly root: string }): Storage {
  const root = resolve(options.root);
  const reading = createLocalReading(root);
  const tempFolder = ownTempFolder(localTempFolder(root));
  const writing = createLocalWriting(root, tempFolder);
  const trashRoot = localTrashRoot(root);
  const trashObjects = { ...createLocalReading(trashRoot), ...createLocalWriting(trashRoot, tempFolder) };
  const storage: Omit<Storage, "check"> = {
    ...reading,
    ...writing,
    ...createLocalMark(root),
    trash: createLocalTrash(
      { root, objects: { ...reading, ...writing } },
      { root: trashRoot, objects: trashObjects },
    ),
    copy: async (from, to) => writing.put(to, await reading.get(from)),
  };
  const check = async (): Promise<void> => {
    try {
      await probe(storage);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the storage folder ${root} cannot be used: ${reason}`, { cause: error });
    }
  };
  return { ...storage, check };
}
