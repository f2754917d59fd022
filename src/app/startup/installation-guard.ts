import type { Logger } from "pino";
import { serviceUnavailable } from "../../kernel/errors.js";
import type { Installation } from "../../platform/database/installation.repository.js";
import { findInstallation, raiseEpoch } from "../../platform/database/installation.repository.js";
import type { MarkReading } from "../../platform/storage/storage.js";
import { StorageFault } from "../../platform/storage/storage.js";
import type { InstallationDeps } from "./examine-installation.js";
import { parseMark, writeMark } from "./installation-mark.js";
import * as texts from "./installation-texts.js";

const RETRY_SECONDS = 10;

export interface GuardOptions extends InstallationDeps {
  readonly id: string;
  /** Logs when the storage becomes unavailable and when it is back. */
  readonly log: Pick<Logger, "error" | "info">;
}

export type InstallationGuard = ReturnType<typeof createInstallationGuard>;

/**
 * Prevents a running server from changing a storage that does not belong, or no longer belongs, to its installation.
 */
export function createInstallationGuard({ db, storage, place, id, log }: GuardOptions) {
  let isUnavailable = false;

  const describe = (mark: Installation | Error | null): string => {
    if (mark instanceof StorageFault) return texts.storageHasFailed(place, mark.message);
    return texts.storageIsUnavailable(place, mark !== null && "id" in mark ? mark.id : null);
  };

  async function assertOurs(options?: MarkReading): Promise<void> {
    const mark = await storage.readMark(options).then(parseMark, (error: Error) => error);
    const isOurs = mark !== null && "id" in mark && mark.id === id;
    const detail = isOurs ? texts.storageIsAvailable(place) : describe(mark);
    if (isOurs === isUnavailable) log[isOurs ? "info" : "error"](detail);
    isUnavailable = !isOurs;
    if (!isOurs) throw serviceUnavailable(texts.filesAreUnavailable(), RETRY_SECONDS, detail);
  }
  return {
    /** @throws SERVICE_UNAVAILABLE if the storage does not have the mark of this installation */
    assertOurs,
    /**
     * Call it before files are removed according to the database. It increases the epoch of the database and of the
     * mark.
     *
     * @throws SERVICE_UNAVAILABLE if the storage belongs to another installation, or the database is older than the
     *   files
     */
    async assertMayRemove(): Promise<void> {
      await assertOurs();
      const mark = parseMark(await storage.readMark());
      const database = await findInstallation(db);
      if (database?.id !== id || (mark?.epoch ?? 0) > database.epoch)
        throw serviceUnavailable(texts.removalIsHeld(), RETRY_SECONDS, texts.databaseIsOlder(place));
      await writeMark(storage, await raiseEpoch(db));
    },
  };
}
