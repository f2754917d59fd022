import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import postgres from "postgres";
import type { BackupReport } from "../../src/app/backup/make-backup.js";
import { makeBackup } from "../../src/app/backup/make-backup.js";
import { onBackedUpInstallation, onEmptyInstallation } from "../../src/app/backup/open-installation.js";
import type { Restored, RestoreOptions } from "../../src/app/backup/restore-backup.js";
import { restoreBackup } from "../../src/app/backup/restore-backup.js";
import type { RunOptions } from "../../src/kernel/run-options.js";
import type { FindingOptions } from "../../src/modules/media/upkeep/finding.js";
import { readConfig } from "../../src/platform/config/config.js";
import { connectDatabase } from "../../src/platform/database/client.js";
import { createLocalStorage } from "../../src/platform/storage/local.js";
import { createTestDatabase } from "./database.js";
import { bucketOf, filesFolderOf } from "./desk-storage.js";

/** A database and a data folder, as commands are given them. */
export interface BackedUpDesk {
  readonly databaseUrl: string;
  readonly dataFolder: string;
}

const log = pino({ level: "silent" });

const configOf = ({ databaseUrl, dataFolder }: BackedUpDesk) =>
  readConfig({
    NODE_ENV: "test",
    DATABASE_URL: databaseUrl,
    FILEDESK_DATA: dataFolder,
    ...bucketOf(dataFolder)?.env,
  });

export interface BackUpOptions extends RunOptions, FindingOptions {
  /** Runs when the snapshot has been read, and no file yet. */
  readonly beforeFiles?: () => Promise<void>;
}

/** Backs a desk up as the command does, in this process. */
export const backUp = (
  desk: BackedUpDesk,
  folder: string,
  { beforeFiles, ...options }: BackUpOptions = {},
): Promise<BackupReport> =>
  onBackedUpInstallation({ config: configOf(desk), log }, ({ storage, ...deps }) => {
    let begun: Promise<void> | undefined;
    const get: typeof storage.get = async (...wanted) => {
      begun ??= beforeFiles?.();
      await begun;
      return storage.get(...wanted);
    };
    return makeBackup({ ...deps, storage: { ...storage, get } }, folder, options);
  });

/** As the version of Filedesk would that made the database. */
export async function backUpAsItIs(
  { databaseUrl: sessionUrl, dataFolder }: BackedUpDesk,
  folder: string,
  installationId: string,
): Promise<BackupReport> {
  const client = connectDatabase(sessionUrl, { connections: 1 });
  try {
    const storage = createLocalStorage({ root: filesFolderOf(dataFolder) });
    const deps = { db: client.db, storage, sessionUrl, installationId, secretsPath: null };
    return await makeBackup(deps, folder, {});
  } finally {
    await client.close();
  }
}

/** Restores a backup as the command does, in this process. */
export const restore = (
  desk: BackedUpDesk,
  folder: string,
  options: RestoreOptions = {},
): Promise<Restored> =>
  onEmptyInstallation({ config: configOf(desk), log }, (deps) => restoreBackup(deps, folder, options));

export interface EmptyInstallation extends BackedUpDesk {
  readonly sql: postgres.Sql;
  close(): Promise<void>;
}

/** A database without tables, and a new data folder. */
export async function emptyInstallation(): Promise<EmptyInstallation> {
  const database = await createTestDatabase();
  const dataFolder = await mkdtemp(join(tmpdir(), "filedesk-restored-"));
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  await sql.unsafe(
    "drop schema public cascade; drop schema if exists drizzle, pgboss cascade; create schema public",
  );
  return {
    databaseUrl: database.url,
    dataFolder,
    sql,
    async close() {
      await sql.end();
      await database.drop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
