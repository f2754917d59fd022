import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { newId } from "../../kernel/ids.js";
import { packageRoot } from "../../kernel/package-root.js";
import type { RunOptions } from "../../kernel/run-options.js";
import type { FindingOptions } from "../../modules/media/upkeep/finding.js";
import type { RemovalHold } from "../../platform/database/removal-hold.js";
import { RemovalsAreHeld, whileRemovalsAreHeld } from "../../platform/database/removal-hold.js";
import type { BackupFolder } from "./backup-folder.js";
import { openBackupFolder } from "./backup-folder.js";
import { listedBytes, OBJECTS } from "./file-list.js";
import { readManifest, writeManifest } from "./manifest.js";
import { saveDatabase, saveSecrets } from "./save-database.js";
import type { FilesReport, SaveFilesDeps } from "./save-files.js";
import { saveFiles } from "./save-files.js";

export interface BackupDeps extends Omit<SaveFilesDeps, "folder"> {
  /** For connections that keep a session. */
  readonly sessionUrl: string;
  readonly installationId: string;
  /** The path of the generated secrets; null if they are settings. */
  readonly secretsPath: string | null;
}

export interface BackupReport extends FilesReport {
  readonly rows: number;
  /** Bytes of an earlier backup that nothing names any more. */
  readonly removed: number;
}

/** Says whose backup a folder has, from the first moment on. */
const OWNER = "filedesk-backup.json";
const DATABASE = "database-";

/**
 * Makes a backup of a desk that may be in use: its rows at one moment, and all bytes that they name. An earlier backup
 * in the folder is replaced at the end, in one moment; of its bytes only new ones are copied. May be interrupted at any
 * moment: the next one continues.
 *
 * @throws Error with the reason; then the folder has the earlier backup, or none
 */
export async function makeBackup(
  deps: BackupDeps,
  path: string,
  options: RunOptions & FindingOptions,
): Promise<BackupReport> {
  const folder = await openBackupFolder(path);
  await claim(folder, deps.installationId);
  try {
    return await whileRemovalsAreHeld(deps.sessionUrl, (hold) => backUp({ ...deps, folder }, hold, options));
  } catch (error) {
    throw error instanceof RemovalsAreHeld
      ? new Error("Another backup of this desk is under way. Wait until it is done, and run this again.")
      : error;
  }
}

/** @throws Error if it has something else in it, or the backup of another installation */
async function claim(folder: BackupFolder, installationId: string): Promise<void> {
  const names = (await folder.list("")).filter((name) => name !== "lost+found");
  if (names.length > 0 && !names.includes(OWNER))
    throw new Error(
      `${folder.path} is not empty, and has no backup of Filedesk in it. Choose an empty folder.`,
    );
  if (names.includes(OWNER)) {
    const owner = await folder
      .readText(OWNER)
      .then(JSON.parse)
      .catch(() => null);
    if (owner?.installation !== installationId)
      throw new Error(
        `${folder.path} has the backup of another installation (${owner?.installation ?? "unreadable"}). Choose another folder.`,
      );
    return;
  }
  await folder.write(OWNER, Readable.from([Buffer.from(JSON.stringify({ installation: installationId }))]));
  await folder.sync();
}

async function backUp(
  deps: BackupDeps & SaveFilesDeps,
  hold: RemovalHold,
  options: RunOptions & FindingOptions,
): Promise<BackupReport> {
  const { folder } = deps;
  const signal = AbortSignal.any([hold.signal, ...(options.signal ? [options.signal] : [])]);
  const id = newId();
  const into = `${DATABASE}${id}`;
  const { recorded, ...database } = await saveDatabase(deps.sessionUrl, { folder, into, signal });
  const secrets = deps.secretsPath === null ? null : await saveSecrets(folder, into, deps.secretsPath);
  const saving = { recorded, file: `${into}/files.gz` };
  const { list, ...files } = await saveFiles(deps, saving, { ...options, signal });
  await assertHeld(hold);
  await folder.remove(recorded.file);
  await folder.sync();
  await writeManifest(folder, {
    format: 1,
    id,
    filedesk: await ownVersion(),
    ...database,
    list,
    files: files.files,
    fileBytes: files.bytes,
    secrets,
  });
  const rows = database.tables.reduce((sum, table) => sum + table.rows, 0);
  return { rows, ...files, removed: await removeEarlier(folder) };
}

async function assertHeld(hold: RemovalHold): Promise<void> {
  await hold.assertHeld().catch((error: unknown) => {
    throw new Error(
      "The connection to the database was lost, so that files may have been removed meanwhile. This backup is not complete: run it again, it continues.",
      { cause: error },
    );
  });
}

async function ownVersion(): Promise<string> {
  return JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")).version;
}

/** Removes what the backup does not consist of. @returns how many bytes, by hash */
async function removeEarlier(folder: BackupFolder): Promise<number> {
  const manifest = await readManifest(folder);
  const isEarlier = (name: string) => name.startsWith(DATABASE) && name !== `${DATABASE}${manifest.id}`;
  for (const name of (await folder.list("")).filter(isEarlier)) await folder.remove(name);
  let removed = 0;
  const named = listedBytes(folder, manifest.list);
  // Both are in the order of their hashes.
  let next = await named.next();
  for (const prefix of await folder.list(OBJECTS))
    for (const sha256 of await folder.list(`${OBJECTS}/${prefix}`)) {
      while (!next.done && next.value.sha256 < sha256) next = await named.next();
      if (!next.done && next.value.sha256 === sha256) continue;
      await folder.remove(`${OBJECTS}/${prefix}/${sha256}`);
      removed += 1;
    }
  await named.return(undefined);
  return removed;
}
