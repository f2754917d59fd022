import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import { isKeySegment } from "./key.js";

const ENTRIES_AT_ONCE = 256;

/**
 * The keys below a folder in the order of the file system, reading each folder once. Memory depends on the number of
 * subfolders, not of files.
 *
 * @param prefix the common prefix of the keys: empty, or ending with a slash
 */
export async function* streamKeys(root: string, prefix = ""): AsyncGenerator<string> {
  const folders: string[] = [];
  try {
    const entries = await opendir(join(root, prefix), { bufferSize: ENTRIES_AT_ONCE });
    for await (const entry of entries) {
      if (!isKeySegment(entry.name)) continue;
      if (entry.isDirectory()) folders.push(`${prefix}${entry.name}/`);
      else if (entry.isFile()) yield prefix + entry.name;
    }
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
  for (const folder of folders) yield* streamKeys(root, folder);
}
