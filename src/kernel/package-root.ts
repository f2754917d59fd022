import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of package.json, where migrations and built threads are. It is searched upwards, because this module runs
 * from `src`, from `dist` and within a bundle.
 */
export const packageRoot: string = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

function findPackageRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder)
    throw new Error("Filedesk's package.json is missing. Install the whole package again.");
  return findPackageRoot(parent);
}
