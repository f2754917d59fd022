import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

const IMPORT = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)\.js"/g;

/** Which folders the files of each folder import files from. */
async function importsOfFolders(root: string): Promise<Map<string, Set<string>>> {
  const imports = new Map<string, Set<string>>();
  for (const name of await readdir(root, { recursive: true })) {
    if (!name.endsWith(".ts")) continue;
    const folder = dirname(name);
    const imported = imports.get(folder) ?? new Set();
    imports.set(folder, imported);
    for (const [, specifier = ""] of (await readFile(join(root, name), "utf8")).matchAll(IMPORT)) {
      const other = relative(root, dirname(resolve(root, folder, specifier))) || ".";
      if (other !== folder) imported.add(other);
    }
  }
  return imports;
}

/**
 * The cycles among folders, each as the folders in it. A folder and a folder within it are two folders: dependency-cruiser
 * counts what is imported from a subfolder as the folder's own, so that it cannot see a cycle between the two.
 */
export async function cyclesOfFolders(root: string): Promise<string[][]> {
  const imports = await importsOfFolders(root);
  const reachedFrom = (start: string): Set<string> => {
    const reached = new Set<string>();
    const open = [start];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop())
      for (const next of imports.get(folder) ?? []) {
        if (reached.has(next)) continue;
        reached.add(next);
        open.push(next);
      }
    return reached;
  };
  const reached = new Map([...imports.keys()].map((folder) => [folder, reachedFrom(folder)]));
  const inCycles = [...reached].filter(([folder, others]) => others.has(folder)).map(([folder]) => folder);
  const cycles: string[][] = [];
  for (const folder of inCycles.sort()) {
    if (cycles.some((cycle) => cycle.includes(folder))) continue;
    cycles.push(
      inCycles.filter((other) => reached.get(folder)?.has(other) && reached.get(other)?.has(folder)).sort(),
    );
  }
  return cycles;
}
