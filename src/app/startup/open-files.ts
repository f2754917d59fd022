import type { Logger } from "pino";
import type { Database } from "../../platform/database/client.js";
import { areRemovalsHeld } from "../../platform/database/removal-hold.js";
import { guardStorage } from "../../platform/storage/guarded-storage.js";
import { holdRemovals } from "../../platform/storage/held-storage.js";
import { createMovingStaging } from "../../platform/storage/moving-staging.js";
import type { MovingStorages } from "../../platform/storage/moving-storage.js";
import { createMovingStorage } from "../../platform/storage/moving-storage.js";
import type { StagingArea } from "../../platform/storage/staging-area.js";
import { guardStaging } from "../../platform/storage/staging-area.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { InstallationDeps } from "./installation-finding.js";
import type { GuardOptions, InstallationGuard } from "./installation-guard.js";
import { createInstallationGuard } from "./installation-guard.js";
import { parseMark, writeMark } from "./installation-mark.js";
import { filesAreMoving } from "./installation-texts.js";
import type { OpenedStorage, StorageConfig } from "./open-storage.js";
import { openStorage } from "./open-storage.js";
import { settleInstallation } from "./settle-installation.js";

/** The files of an installation, which belong to its database. */
export interface OpenedFiles extends Pick<OpenedStorage, "tempRoot"> {
  /** Only changed while it has the mark of this installation. */
  readonly storage: Storage;
  readonly staging: StagingArea;
  readonly guard: InstallationGuard;
  /** Both storages while files are being moved, as `storage` uses them. */
  readonly moving?: MovingFiles | undefined;
}

export interface MovingFiles extends MovingStorages {
  readonly stagingFrom: StagingArea;
  /** Marks the old storage, so that no server takes it for complete. */
  begin(): Promise<void>;
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
  if (deps.from) log.info(filesAreMoving(deps.from.place, deps.place));
  if (database === null) throw new Error("the installation is settled without a row in the database");
  return guardFiles(deps, { id: database.id, log });
}

/** As `openFiles`, for files and a database that have already been compared. */
export function guardFiles(deps: StoredFiles, options: Pick<GuardOptions, "id" | "log">): OpenedFiles {
  const guard = createInstallationGuard({ ...deps, ...options });
  const { tempRoot } = deps;
  const areHeld = () => areRemovalsHeld(deps.db);
  const storage = guardStorage(deps.storage, guard.assertOurs);
  const staging = guardStaging(deps.staging, guard.assertOurs);
  if (deps.from === undefined) return { storage: holdRemovals(storage, areHeld), staging, tempRoot, guard };
  const from = {
    ...guardStorage(deps.from.storage, guard.assertFromOurs),
    // Nothing is written there, so that nothing has to be writable.
    check: () => guard.assertFromOurs({ impatient: true }),
  };
  const stagingFrom = guardStaging(deps.from.staging, guard.assertFromOurs);
  const begin = () => markAsMoved(deps, options.id);
  const moving = { to: storage, from, firstLook: deps.storage, stagingFrom, begin };
  return {
    storage: holdRemovals(createMovingStorage(moving), areHeld),
    staging: createMovingStaging(staging, stagingFrom),
    tempRoot,
    guard,
    moving,
  };
}

/** From now on the new storage has files that the old one does not have. */
async function markAsMoved({ storage, place, from }: StoredFiles, id: string): Promise<void> {
  const epochOf = (mark: string | null) => parseMark(mark)?.epoch ?? 0;
  await writeMark(storage, { id, epoch: epochOf(await storage.readMark()) });
  if (from === undefined) return;
  const epoch = epochOf(await from.storage.readMark());
  await writeMark(from.storage, { id, epoch, movedTo: place.location });
}
