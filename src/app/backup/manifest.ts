import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Installation } from "../../platform/database/installation.repository.js";
import type { KnownMigration } from "../../platform/database/migrate.js";
import type { SequenceState, Table } from "../../platform/database/snapshot/catalog.js";
import type { BackupFolder, BackupReading, WrittenFile } from "./backup-folder.js";
import { DamagedBackup } from "./backup-folder.js";

export type SavedTable = Table & WrittenFile & { readonly rows: number };

/** What a complete backup consists of. Written last. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly id: string;
  /** The moment of the snapshot. */
  readonly takenAt: string;
  /** Versions of what made it. */
  readonly filedesk: string;
  readonly postgres: string;
  readonly installation: Installation;
  /** The migrations that the database had, the oldest first. */
  readonly migrations: readonly KnownMigration[];
  readonly tables: readonly SavedTable[];
  readonly sequences: readonly SequenceState[];
  /** The list of the recorded bytes (`file-list.ts`). */
  readonly list: WrittenFile;
  /** How many bytes are recorded under how many keys. */
  readonly files: number;
  readonly fileBytes: number;
  /** The generated secrets; null if they are settings. */
  readonly secrets: WrittenFile | null;
}

const FORMAT = 1;
export const MANIFEST = "backup.json";
/** Of a backup of this many tables and columns, far more than any. */
const MOST_BYTES = 16 * 1024 * 1024;

const checksum = (text: string) => createHash("sha256").update(text).digest("hex");

export async function writeManifest(folder: BackupFolder, manifest: Manifest): Promise<void> {
  const text = JSON.stringify(manifest);
  const lines = JSON.stringify({ sha256: checksum(text), backup: manifest }, null, 1);
  await folder.write(MANIFEST, Readable.from([Buffer.from(lines)]));
  await folder.sync();
}

/**
 * The manifest of a complete backup.
 *
 * @throws DamagedBackup; Error if there is no complete backup in the folder, or one of a later form
 */
export async function readManifest(folder: BackupReading): Promise<Manifest> {
  const { path } = folder;
  const size = await folder.sizeOf(MANIFEST);
  if (size === null) throw noBackup(path, await folder.list(""));
  const found = parse(size > MOST_BYTES ? "" : await folder.readText(MANIFEST));
  if (found === null || checksum(JSON.stringify(found.backup)) !== found.sha256)
    throw new DamagedBackup(`${path}/${MANIFEST} is damaged`);
  if (found.backup.format !== FORMAT)
    throw new Error(
      `The backup in ${path} was made by Filedesk ${found.backup.filedesk} in a form that this version does not know. ` +
        "Use that version, or a later one.",
    );
  return found.backup;
}

function parse(text: string): { readonly sha256: string; readonly backup: Manifest } | null {
  try {
    const found = JSON.parse(text);
    return typeof found === "object" && found?.backup ? found : null;
  } catch {
    return null;
  }
}

function noBackup(path: string, names: readonly string[]): Error {
  return new Error(
    names.length === 0
      ? `There is no backup in ${path}.`
      : `There is no complete backup in ${path}: it has no ${MANIFEST}. An interrupted backup is continued by filedesk backup.`,
  );
}
