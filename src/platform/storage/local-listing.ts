import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import { isKeySegment } from "./key.js";

interface Wanted {
  /** The prefix of the keys. */
  readonly prefix: string;
  /** Only keys after this one; empty for all. */
  readonly after: string;
}

/**
 * The keys below `root` in byte order, read lazily, one folder of each depth at a time.
 * @param folder the common prefix of the keys: empty, or ending with a slash
 */
export async function* walkKeys(root: string, wanted: Wanted, folder = ""): AsyncGenerator<string> {
  for (const path of await readFolder(root, folder)) {
    if (!path.endsWith("/")) {
      if (path.startsWith(wanted.prefix) && path > wanted.after) yield path;
    } else if (mayHold(path, wanted)) yield* walkKeys(root, wanted, path);
  }
}

/** Subfolders end with a slash and are sorted with it: `a.b` < `a/b` < `a0`. */
async function readFolder(root: string, folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    return entries
      .filter((entry) => isKeySegment(entry.name) && (entry.isFile() || entry.isDirectory()))
      .map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""))
      .sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

const mayHold = (folder: string, { prefix, after }: Wanted): boolean =>
  (folder.startsWith(prefix) || prefix.startsWith(folder)) && (folder > after || after.startsWith(folder));
