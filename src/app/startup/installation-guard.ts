import type { Logger } from "pino";
import { serviceUnavailable } from "../../kernel/errors.js";
import { findInstallation, raiseEpoch } from "../../platform/database/installation.repository.js";
import type { InstallationDeps } from "./examine-installation.js";
import { parseMark, writeMark } from "./installation-mark.js";
import * as texts from "./installation-texts.js";

const RETRY_SECONDS = 10;

export interface GuardOptions extends InstallationDeps {
  readonly id: string;
  /** Told when the storage goes away and when it is back. */
  readonly log: Pick<Logger, "error" | "info">;
}

export type InstallationGuard = ReturnType<typeof createInstallationGuard>;

/** What keeps a running desk from changing a storage that is not, or no longer, its own. */
export function createInstallationGuard({ db, storage, place, id, log }: GuardOptions) {
  let isAway = false;

  async function assertOurs(): Promise<void> {
    const mark = await storage.readMark().then(parseMark, () => null);
    const isOurs = mark?.id === id;
    const detail = isOurs ? texts.storageIsBack(place) : texts.storageIsAway(place, mark?.id ?? null);
    if (isOurs === isAway) log[isOurs ? "info" : "error"](detail);
    isAway = !isOurs;
    if (!isOurs) throw serviceUnavailable(texts.filesAreUnavailable(), RETRY_SECONDS, detail);
  }
  return {
    /** @throws SERVICE_UNAVAILABLE when the storage has not our mark */
    assertOurs,
    /**
     * To be called before anything is removed because of what the database says: says how far the database has come.
     *
     * @throws SERVICE_UNAVAILABLE when the storage is not ours, or the database is older than the files
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
