import { join, resolve } from "node:path";
import { createLocalMark } from "./local-mark.js";
import { createLocalReading } from "./local-reading.js";
import { createLocalTrash, localTrashRoot } from "./local-trash.js";
import { createLocalWriting } from "./local-writing.js";
import { probe } from "./probe.js";
import type { Storage } from "./storage.js";
import { ownTempFolder } from "./temp-folder.js";

/**
 * The folder for incomplete files of a local storage, with a folder for each process. `putFile` moves files from here
 * without a copy.
 */
export const localTempFolder = (root: string): string => join(resolve(root), ".tmp");

export interface LocalStorageOptions {
  readonly root: string;
  /** The path, with a slash at its end, under which a proxy in front of the server finds the files of `root`. */
  readonly internalPath?: string | undefined;
}

/**
 * A storage in a folder of the local disk. The key is the path below `root`, which is created if missing.
 *
 * An object is written to a temp file, synced and renamed, so that a reader sees all of it or nothing, and can read a
 * replaced or deleted object to its end. A key cannot be a folder of another key (`a` and `a/b`). Deletions are not
 * synced: after a power failure an object may exist again. Empty folders are kept.
 */
export function createLocalStorage(options: LocalStorageOptions): Storage {
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
    presignGet: async () => null,
    async internalPath(key, size) {
      if (options.internalPath === undefined) return null;
      return (await reading.stat(key))?.size === size ? options.internalPath + key : null;
    },
    multipart: null,
    // What is not complete is a temp file.
    removeUnfinished: async () => 0,
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
