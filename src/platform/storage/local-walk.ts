import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import { isKeySegment } from "./key.js";

const ENTRIES_AT_ONCE = 256;

/**
 * The keys below a folder in the order in which the file system has them, each folder read once. Memory is bounded by
 * the number of subfolders, never by that of files.
 *
 * @param prefix the part of the keys that all below it share: empty, or ending in a slash
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
