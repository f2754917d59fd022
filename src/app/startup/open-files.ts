import type { Logger } from "pino";
import type { Config } from "../../platform/config/config.js";
import type { Database } from "../../platform/database/client.js";
import { guardStorage } from "../../platform/storage/guarded-storage.js";
import type { OpenedStorage } from "../../platform/storage/open-storage.js";
import { openStorage } from "../../platform/storage/open-storage.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { InstallationDeps } from "./examine-installation.js";
import type { GuardOptions, InstallationGuard } from "./installation-guard.js";
import { createInstallationGuard } from "./installation-guard.js";
import { settleInstallation } from "./settle-installation.js";

/** The files of a desk, known to belong to its database. */
export interface OpenedFiles extends Pick<OpenedStorage, "tempRoot"> {
  /** Changed only while it has the mark of this installation. */
  readonly storage: Storage;
  readonly guard: InstallationGuard;
}

/** The storage and the database, as they are compared with each other. */
export type StoredFiles = OpenedStorage & Pick<InstallationDeps, "db">;

export const storedFiles = (config: Pick<Config, "FILEDESK_DATA">, db: Database): StoredFiles => ({
  db,
  ...openStorage(config),
});

/**
 * Opens the files of a desk; at the first start it marks them and the database as one installation.
 *
 * @throws Error with what to do when they do not belong together
 */
export async function openFiles(deps: StoredFiles, log: Logger): Promise<OpenedFiles> {
  const { database, state, detail } = await settleInstallation(deps);
  if (state === "restored") log.warn(detail);
  if (database === null) throw new Error("the installation is settled without a row in the database");
  return guardFiles(deps, { id: database.id, log });
}

/** As `openFiles`, for files and a database that have been compared already. */
export function guardFiles(deps: StoredFiles, options: Pick<GuardOptions, "id" | "log">): OpenedFiles {
  const guard = createInstallationGuard({ ...deps, ...options });
  return { storage: guardStorage(deps.storage, guard.assertOurs), tempRoot: deps.tempRoot, guard };
}
