import { join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import type { Storage, StorageTrash } from "./storage.js";

/** Begins with a dot, so that files below it are not objects of the storage. On the same file system as the objects. */
const TRASH = ".trash";

export const localTrashRoot = (root: string): string => join(root, TRASH);

type Objects = Pick<Storage, "get" | "walk" | "stat" | "putFile" | "delete">;

/** The trash of a local storage is a storage below it. A move is a durable rename. */
export function createLocalTrash(
  live: { readonly root: string; readonly objects: Objects },
  trash: { readonly root: string; readonly objects: Objects },
): StorageTrash {
  return {
    async put(keys) {
      for (const key of keys) await move(trash.objects, key, live.root);
    },
    async restore(keys) {
      for (const key of keys)
        if ((await live.objects.stat(key)) === null) await move(live.objects, key, trash.root);
    },
    walk: () => trash.objects.walk(),
    get: (key) => trash.objects.get(key),
    delete: (keys) => trash.objects.delete(keys),
  };
}

async function move(to: Objects, key: string, fromRoot: string): Promise<void> {
  try {
    await to.putFile(key, join(fromRoot, key));
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error; // already moved or removed
  }
}
