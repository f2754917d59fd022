import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import { connectDatabase } from "../../platform/database/client.js";
import { migrationsOf } from "../../platform/database/migrate.js";
import { examineInstallation } from "../startup/examine-installation.js";
import { findDatabase } from "../startup/find-database.js";
import type { StoredFiles } from "../startup/open-files.js";
import { guardFiles, storedFiles } from "../startup/open-files.js";
import type { BackupDeps } from "./make-backup.js";
import type { RestoreDeps } from "./restore-backup.js";

interface Wanted {
  readonly config: Config;
  readonly log: Logger;
}

interface Found {
  readonly files: StoredFiles;
  readonly sessionUrl: string;
  readonly migrateUrl: string | undefined;
  readonly secretsPath: string | null;
}

/** As `openDesk`, but without changing anything: neither the schema of the database nor the epoch. */
async function onInstallation<Result>(
  { config, log }: Wanted,
  work: (found: Found) => Promise<Result>,
): Promise<Result> {
  const dataFolder = resolve(config.FILEDESK_DATA);
  await mkdir(dataFolder, { recursive: true });
  const found = await findDatabase({ config, dataFolder, log, role: "command" });
  try {
    const { url, sessionUrl, migrateUrl, transactionPooling } = found;
    const client = connectDatabase(url, { sessionUrl, transactionPooling, connections: 2 });
    try {
      const files = await storedFiles(config, client.background);
      const areSet = config.AUTH_SECRET && config.URL_SIGNING_KEYS;
      const secretsPath = areSet ? null : join(dataFolder, "secrets.json");
      return await work({ files, sessionUrl, migrateUrl, secretsPath });
    } finally {
      await client.close();
    }
  } finally {
    await found.close();
  }
}

/** Runs the work on an installation that is to be backed up. @throws Error with instructions if it cannot be */
export const onBackedUpInstallation = <Result>(
  wanted: Wanted,
  work: (deps: BackupDeps) => Promise<Result>,
): Promise<Result> =>
  onInstallation(wanted, async ({ files, sessionUrl, secretsPath }) => {
    const { state, detail, database } = await examineInstallation(files);
    if (state === "unfit") throw new Error(detail);
    if (database === null || state === "new")
      throw new Error(
        "There is nothing to back up: no server has been started on this database and these files yet.",
      );
    const { pending } = await migrationsOf(sessionUrl);
    if (pending.length > 0)
      throw new Error(
        `The database is older than this version of Filedesk (${pending.length} pending migrations). Nothing has been changed. ` +
          "Make the backup with the version that the servers have, or run filedesk migrate first.",
      );
    const { storage } = guardFiles(files, { id: database.id, log: wanted.log });
    return work({ db: files.db, storage, sessionUrl, secretsPath, installationId: database.id });
  });

/** Runs the work on a database and a storage that a backup is to be restored into. */
export const onEmptyInstallation = <Result>(
  wanted: Wanted,
  work: (deps: RestoreDeps) => Promise<Result>,
): Promise<Result> =>
  onInstallation(wanted, ({ files: { storage, place, from }, ...deps }) => {
    if (from !== undefined)
      throw new Error("A backup is restored into one storage: unset STORAGE_FROM. Nothing has been changed.");
    return work({ ...deps, storage, place });
  });
