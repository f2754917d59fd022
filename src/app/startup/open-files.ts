import type { Logger } from "pino";
import type { Database } from "../../platform/database/client.js";
import { guardStorage } from "../../platform/storage/guarded-storage.js";
import type { StagingArea } from "../../platform/storage/staging-area.js";
import { guardStaging } from "../../platform/storage/staging-area.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { InstallationDeps } from "./examine-installation.js";
import type { GuardOptions, InstallationGuard } from "./installation-guard.js";
import { createInstallationGuard } from "./installation-guard.js";
import type { OpenedStorage, StorageConfig } from "./open-storage.js";
import { openStorage } from "./open-storage.js";
import { settleInstallation } from "./settle-installation.js";

/** The files of an installation, which belong to its database. */
export interface OpenedFiles extends Pick<OpenedStorage, "tempRoot"> {
  /** Only changed while it has the mark of this installation. */
  readonly storage: Storage;
  readonly staging: StagingArea;
  readonly guard: InstallationGuard;
}

/** The storage and the database, before they are compared. */
export type StoredFiles = OpenedStorage & Pick<InstallationDeps, "db">;

export const storedFiles = async (config: StorageConfig, db: Database): Promise<StoredFiles> => ({
  db,
  ...(await openStorage(config)),
});

/**
 * Opens the files; the first start marks them and the database as one installation.
 *
 * @throws Error with instructions if they do not belong together
 */
export async function openFiles(deps: StoredFiles, log: Logger): Promise<OpenedFiles> {
  const { database, state, detail } = await settleInstallation(deps);
  if (state === "restored") log.warn(detail);
  if (database === null) throw new Error("the installation is settled without a row in the database");
  return guardFiles(deps, { id: database.id, log });
}

/** As `openFiles`, for files and a database that have already been compared. */
export function guardFiles(deps: StoredFiles, options: Pick<GuardOptions, "id" | "log">): OpenedFiles {
  const guard = createInstallationGuard({ ...deps, ...options });
  return {
    storage: guardStorage(deps.storage, guard.assertOurs),
    staging: guardStaging(deps.staging, guard.assertOurs),
    tempRoot: deps.tempRoot,
    guard,
  };
}
