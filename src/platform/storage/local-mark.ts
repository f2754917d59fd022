import { randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import { createDurableFolders } from "./durable-folders.js";
import type { Storage } from "./storage.js";

/** Begins with a dot, so that no key has this name. */
const MARK = ".filedesk-installation";

/**
 * The mark of a local storage: a file in its root. It is only read again if the file was replaced or changed: every
 * write checks the mark, and a stat is much cheaper than open, read and close.
 */
export function createLocalMark(root: string): Pick<Storage, "readMark" | "writeMark"> {
  const path = join(root, MARK);
  let last: { readonly identity: string; readonly text: string } | null = null;
  return {
    async readMark() {
      try {
        if (last !== null && identityOf(await stat(path, { bigint: true })) === last.identity)
          return last.text;
        last = await readWhole(path);
        return last.text;
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

async function readWhole(path: string): Promise<{ readonly identity: string; readonly text: string }> {
  const handle = await open(path, "r");
  try {
    // Read before the text, so that a change in between is noticed by the next check.
    const identity = identityOf(await handle.stat({ bigint: true }));
    return { identity, text: await handle.readFile("utf8") };
  } finally {
    await handle.close();
  }
}

/** Identifies the state of a file: it differs for replaced and for changed files. */
const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(" ");
