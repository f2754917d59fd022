import { readFile, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { isErrno } from "../../kernel/errno.js";
import { restartUploadsStatements } from "../../modules/media/upkeep/recorded-files.repository.js";
import { knownMigrations } from "../../platform/database/migrate.js";
import { openConnection } from "../../platform/database/open-connection.js";
import type { Creator } from "../../platform/database/snapshot/catalog.js";
import {
  describeCreator,
  findInstallationIds,
  listOccupants,
} from "../../platform/database/snapshot/catalog.js";
import { DatabaseNotEmpty, writeSnapshot } from "../../platform/database/snapshot/write-snapshot.js";
import type { ExaminedStorage } from "../startup/installation-finding.js";
import { isEmptyStorage } from "../startup/installation-finding.js";
import { writeMark } from "../startup/installation-mark.js";
import { migrateDatabase } from "../startup/migrate-database.js";
import type { PlacedStorage } from "../startup/open-storage.js";
import type { BackupReading } from "./backup-folder.js";
import { readBackupFolder } from "./backup-folder.js";
import { readCompressed } from "./compression.js";
import type { Manifest } from "./manifest.js";
import { readManifest } from "./manifest.js";
import type { RestoredFiles } from "./restore-files.js";
import { restoreFiles } from "./restore-files.js";
import type { VerifyBackupOptions } from "./verify-backup.js";

export interface RestoreDeps extends Pick<PlacedStorage, "storage" | "place"> {
  /** For connections that keep a session. */
  readonly sessionUrl: string;
  /** The same as the role that owns the tables, if that is another one. */
  readonly migrateUrl?: string | undefined;
  /** Where generated secrets belong; null if they are settings. */
  readonly secretsPath: string | null;
}

export interface RestoreOptions extends VerifyBackupOptions {
  /** Whether the rest is restored if some files of the backup are damaged. */
  readonly evenDamaged?: boolean | undefined;
}

export interface RestoreReport extends RestoredFiles {
  readonly rows: number;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly report: RestoreReport;
  /** Whether the database has been restored: not if files are damaged, unless that was allowed. */
  readonly isComplete: boolean;
  /** `kept`: the data folder has other secrets already. */
  readonly secrets: "none" | "restored" | "kept";
}

/**
 * Restores a backup into an empty database and an empty storage: bytes first, rows after, and the mark that makes both
 * an installation last. Until then no server starts on them. May be interrupted at any moment; the next run continues.
 *
 * @throws Error with the reason; nothing that was there before has been changed
 */
export async function restoreBackup(
  deps: RestoreDeps,
  path: string,
  options: RestoreOptions,
): Promise<Restored> {
  const folder = readBackupFolder(path);
  const manifest = await readManifest(folder);
  const lastMigration = requireKnownVersion(manifest);
  const isRestored = await claim(deps, manifest);
  const files = await restoreFiles(deps.storage, { folder, manifest }, options);
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  if (files.damaged > 0 && !options.evenDamaged)
    return { manifest, report: { rows: 0, ...files }, isComplete: false, secrets: "none" };
  if (!isRestored) await restoreDatabase(deps, { folder, manifest, lastMigration }, options.signal);
  await migrateDatabase(deps, null);
  const secrets = await restoreSecrets(deps.secretsPath, folder, manifest);
  await writeMark(deps.storage, manifest.installation);
  return { manifest, report: { rows, ...files }, isComplete: true, secrets };
}

/** @returns when the last migration of the backup was made */
function requireKnownVersion({ migrations, filedesk }: Manifest): number {
  const known = new Set(knownMigrations().map(({ hash }) => hash));
  const unknown = migrations.filter(({ hash }) => !known.has(hash));
  if (unknown.length > 0)
    throw new Error(
      `The backup was made by Filedesk ${filedesk}, whose database has ${unknown.length} migrations that this version does not know. ` +
        "Nothing has been changed. Restore it with that version or a later one.",
    );
  return Math.max(0, ...migrations.map(({ folderMillis }) => folderMillis));
}

/** In the mark of a storage into which a backup is being restored. No epoch is before this one. */
const begun = ({ id, installation }: Manifest) =>
  JSON.stringify({ id: installation.id, epoch: 0, restoring: id });

/**
 * Marks an empty storage, so that no server starts on it before the database is there.
 *
 * @returns whether an earlier run has restored the database
 * @throws Error if the database or the storage is not empty
 */
async function claim(deps: RestoreDeps, manifest: Manifest): Promise<boolean> {
  const { storage, place } = deps;
  const mark = await storage.readMark();
  const isContinued = mark === begun(manifest);
  const { tables, installationId, creator } = await examineDatabase(ownerUrl(deps));
  // It is restored in one transaction, so it is whole; the mark of a desk that has run since is another one.
  const isRestored = isContinued && installationId === manifest.installation.id;
  if (tables.length > 0 && !isRestored) throw databaseNotEmpty(tables);
  if (!isRestored && !creator.may) throw mayNotCreate(creator.name);
  if (!isContinued && (mark !== null || !(await isEmptyStorage(storage)))) throw storageNotEmpty(place, mark);
  if (!isContinued) await storage.writeMark(begun(manifest));
  return isRestored;
}

const ownerUrl = ({ sessionUrl, migrateUrl = sessionUrl }: RestoreDeps): string => migrateUrl;

interface ExaminedDatabase {
  readonly tables: readonly string[];
  readonly installationId: string | null;
  /** The role, and whether it may create the schema of the desk. */
  readonly creator: Creator;
}

async function examineDatabase(url: string): Promise<ExaminedDatabase> {
  const connection = await openConnection({ url });
  try {
    const tables = await listOccupants(connection);
    const [found] = tables.length === 0 ? [] : await findInstallationIds(connection);
    return { tables, installationId: found ?? null, creator: await describeCreator(connection) };
  } finally {
    await connection.close();
  }
}

interface Source {
  readonly folder: BackupReading;
  readonly manifest: Manifest;
  readonly lastMigration: number;
}

async function restoreDatabase(
  deps: RestoreDeps,
  { folder, manifest: { tables, sequences }, lastMigration }: Source,
  signal: AbortSignal | undefined,
): Promise<void> {
  const snapshot = {
    lastMigration,
    tables: tables.map((table) => ({ ...table, read: () => readCompressed(folder, table) })),
    sequences,
    statements: restartUploadsStatements(),
  };
  await writeSnapshot(ownerUrl(deps), snapshot, signal).catch((error: unknown) => {
    throw error instanceof DatabaseNotEmpty ? databaseNotEmpty(error.names) : error;
  });
}

async function restoreSecrets(
  path: string | null,
  folder: BackupReading,
  { secrets }: Manifest,
): Promise<Restored["secrets"]> {
  if (path === null || secrets === null) return "none";
  const text = await buffer(Readable.from(folder.read(secrets)));
  try {
    await writeFile(path, text, { mode: 0o600, flag: "wx", flush: true });
    return "restored";
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    return (await readFile(path)).equals(text) ? "restored" : "kept";
  }
}

const ONLY_EMPTY = "A backup is only restored into an empty installation. Nothing has been changed.";

const databaseNotEmpty = (names: readonly string[]) =>
  new Error(
    `The database is not empty: it has ${names.slice(0, 3).join(", ")}${names.length > 3 ? " and more" : ""}. ${ONLY_EMPTY} ` +
      "Set DATABASE_URL to a new, empty database; without DATABASE_URL, set FILEDESK_DATA to a new folder.",
  );

const mayNotCreate = (role: string) =>
  new Error(
    `The role ${role} may not create schemas and tables in the database. Nothing has been changed. ` +
      "Set DATABASE_MIGRATE_URL to the role that owns the database.",
  );

const storageNotEmpty = ({ location, kind }: ExaminedStorage["place"], mark: string | null) =>
  new Error(
    `${location} is not empty: it has ${mark === null ? "files" : "the mark of an installation"}. ${ONLY_EMPTY} ` +
      (kind === "folder"
        ? "Set FILEDESK_DATA to a new folder."
        : "Set S3_BUCKET or S3_PREFIX to an empty place."),
  );
