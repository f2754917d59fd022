import { createReadStream } from "node:fs";
import { lstat, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import { createDurableFolders } from "./durable-folders.js";
import { assertKey } from "./key.js";
import type { Storage } from "./storage.js";
import { createTempFile } from "./temp-file.js";

const FILE_MODE = 0o644;
const DELETES_AT_ONCE = 8;

/** The writing part of a local storage. `tempFolder` is on the same file system as `root`. */
export function createLocalWriting(
  root: string,
  tempFolder: string,
): Pick<Storage, "put" | "putFile" | "delete"> {
  const folders = createDurableFolders(root);

  const renameDurably = async (path: string, key: string): Promise<void> => {
    const target = join(root, key);
    const folder = dirname(target);
    const move = async () => {
      await folders.make(folder);
      await rename(path, target);
    };
    try {
      await move();
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
      folders.forget(folder); // it, or a folder above it, was removed
      await move();
    }
    await folders.sync(folder);
  };

  const put: Storage["put"] = async (key, body) => {
    body.on("error", () => {}); // the loop below handles it, but may not have started yet
    const temp = createTempFile(tempFolder);
    try {
      assertKey(key);
      await folders.make(root);
      for await (const chunk of body)
        await temp.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
      await temp.close();
      await settle(temp.path);
      await renameDurably(temp.path, key);
    } finally {
      body.destroy();
      await temp[Symbol.asyncDispose]();
    }
  };

  const putFile: Storage["putFile"] = async (key, path) => {
    assertKey(key);
    await settle(path);
    try {
      await renameDurably(path, key);
    } catch (error) {
      if (!isErrno(error, "EXDEV")) throw error;
      await put(key, createReadStream(path));
      await unlink(path);
    }
  };

  return {
    put,
    putFile,
    async delete(keys) {
      keys.forEach(assertKey);
      const queue = keys.values();
      const work = async () => {
        for (const key of queue) await remove(join(root, key));
      };
      await Promise.all(Array.from({ length: DELETES_AT_ONCE }, work));
    },
  };
}

/** Sets a file's mode and syncs its content to the disk. */
async function settle(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.chmod(FILE_MODE);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // A folder is not an object (EISDIR, or EPERM as specified by POSIX).
    const isNoObject = isErrno(error, "ENOENT", "ENOTDIR") || (await lstat(path)).isDirectory();
    if (!isNoObject) throw error;
  }
}
