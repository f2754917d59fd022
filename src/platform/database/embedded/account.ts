import { chown, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { USE_ANOTHER_POSTGRES } from "./binaries.js";

/** The operating system's account that Postgres runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The account without rights that every Unix has. */
const NOBODY: Account = { uid: 65534, gid: 65534 };

/**
 * Makes the folder private to the account that Postgres runs as, and returns that account; null for our own. Postgres
 * refuses to run as root, so under root it is the folder's owner, or `nobody` if root owns it.
 *
 * @throws Error if the folder belongs to another account
 */
export async function prepareFolder(folder: string): Promise<Account | null> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, gid } = await stat(folder);
  const self = process.getuid?.();
  if (self === 0) {
    if (uid !== 0) return { uid, gid };
    await chown(folder, NOBODY.uid, NOBODY.gid);
    return NOBODY;
  }
  if (self !== undefined && uid !== self) {
    throw new Error(
      `The database folder ${folder} belongs to the user with id ${uid}. Start Filedesk as that user, ` +
        "or set FILEDESK_DATA to a folder of your own.",
    );
  }
  return null;
}

/**
 * The first of these files and folders, or of the folders above them, that the account may not enter; null if there is
 * none.
 */
export async function findBarrier(account: Account, paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    for (const step of [...ancestors(path), path]) {
      if (!mayPass(account, await stat(step))) return step;
    }
  }
  return null;
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...ancestors(parent), parent];
}

function mayPass(account: Account, { uid, gid, mode }: { uid: number; gid: number; mode: number }): boolean {
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

/** The error for a start as root in a folder that only root may enter. */
export const barrierError = (account: Account, barrier: string) =>
  new Error(
    `Postgres refuses to run as root, so it runs as the user with id ${account.uid}, who may not enter ${barrier}. ` +
      "Start Filedesk as a normal user, or keep installation and data where everybody may enter: " +
      `set FILEDESK_DATA for the data, e.g. FILEDESK_DATA=/var/lib/filedesk. ${USE_ANOTHER_POSTGRES}`,
  );
