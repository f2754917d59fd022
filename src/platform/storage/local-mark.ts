import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createDurableFolders } from "./durable-folders.js";
import { isErrno } from "./errno.js";
import type { Storage } from "./storage.js";

/** Begins with a dot: no key can be its name. */
const MARK = ".filedesk-installation";

/** The mark of a local storage: a file at its root. */
export function createLocalMark(root: string): Pick<Storage, "readMark" | "writeMark"> {
  const path = join(root, MARK);
  return {
    async readMark() {
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if (isErrno(error, "ENOENT", "ENOTDIR")) return null;
        throw error;
      }
    },
    async writeMark(text) {
      const folders = createDurableFolders(root);
      await folders.make(root);
      const candidate = `${path}.${randomUUID()}`;
      try {
        const handle = await open(candidate, "wx", 0o644);
        try {
          await handle.writeFile(text);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(candidate, path);
      } finally {
        await rm(candidate, { force: true });
      }
      await folders.sync(root);
    },
  };
}
