import { join } from "node:path";
import type { Logger } from "pino";
import type { Database } from "../../platform/database/client.js";
import { guardStorage } from "../../platform/storage/guarded-storage.js";
import { createLocalStorage } from "../../platform/storage/local.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { InstallationDeps } from "./examine-installation.js";
import type { GuardOptions, InstallationGuard } from "./installation-guard.js";
import { createInstallationGuard } from "./installation-guard.js";
import { settleInstallation } from "./settle-installation.js";

/** The files of a desk, known to belong to its database. */
export interface OpenedStorage {
  /** Changed only while it has the mark of this installation. */
  readonly storage: Storage;
  readonly storageRoot: string;
  readonly guard: InstallationGuard;
}

/** The files below a data folder and the database, as they are compared with each other. */
export function filesOf(dataFolder: string, db: Database): InstallationDeps & { readonly storage: Storage } {
  const place = join(dataFolder, "files");
  return { db, place, storage: createLocalStorage({ root: place }) };
}

type Files = ReturnType<typeof filesOf>;

/**
 * Opens the files of a desk; at the first start it marks them and the database as one installation.
 *
 * @throws Error with what to do when they do not belong together
 */
export async function openStorage(deps: Files, log: Logger): Promise<OpenedStorage> {
  const { database, state, detail } = await settleInstallation(deps);
  if (state === "restored") log.warn(detail);
  return useStorage(deps, { id: database?.id ?? "", log });
}

/** As `openStorage`, for who has compared them already. */
export function useStorage(deps: Files, options: Pick<GuardOptions, "id" | "log">): OpenedStorage {
  const guard = createInstallationGuard({ ...deps, ...options });
  return { storage: guardStorage(deps.storage, guard.assertOurs), storageRoot: deps.place, guard };
}
