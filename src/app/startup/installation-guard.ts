import type { Logger } from "pino";
import { serviceUnavailable } from "../../kernel/errors.js";
import { findInstallation, raiseEpoch } from "../../platform/database/installation.repository.js";
import type { MarkReading } from "../../platform/storage/storage.js";
import { StorageFault } from "../../platform/storage/storage.js";
import type { ExaminedStorage, InstallationDeps } from "./installation-finding.js";
import { storagesOf } from "./installation-finding.js";
import type { StorageMark } from "./installation-mark.js";
import { parseMark, updateMark } from "./installation-mark.js";
import * as texts from "./installation-texts.js";

const RETRY_SECONDS = 10;

interface Guarding {
  readonly id: string;
  /** Logs when the storage becomes unavailable and when it is back. */
  readonly log: Pick<Logger, "error" | "info">;
}

export type GuardOptions = InstallationDeps & Guarding;

/** @throws SERVICE_UNAVAILABLE if the storage does not have the mark of this installation */
export type AssertOurs = (options?: MarkReading) => Promise<void>;

export interface InstallationGuard {
  /** Of the storage that is written to. */
  readonly assertOurs: AssertOurs;
  /** Of the storage that files are being moved from, if they are. */
  readonly assertFromOurs: AssertOurs;
  /**
   * Call it before files are removed according to the database. It increases the epoch of the database and of the
   * marks.
   *
   * @throws SERVICE_UNAVAILABLE if a storage belongs to another installation, or the database is older than the
   *   files
   */
  assertMayRemove(): Promise<void>;
}

/**
 * Prevents a running server from changing a storage that does not belong, or no longer belongs, to its installation.
 */
export function createInstallationGuard(options: GuardOptions): InstallationGuard {
  const guarding = { ...options, knowsBoth: options.from !== undefined };
  const assertOurs = createAssertion(options, guarding);
  const assertFromOurs = options.from ? createAssertion(options.from, guarding) : async () => {};
  return {
    assertOurs,
    assertFromOurs,
    async assertMayRemove() {
      await assertOurs();
      await assertFromOurs();
      await raiseEpochs(options);
    },
  };
}

interface GuardingOne extends Guarding {
  /** Whether this server finds files in the other storage too while they are being moved. */
  readonly knowsBoth: boolean;
}

function createAssertion({ storage, place }: ExaminedStorage, options: GuardingOne): AssertOurs {
  const { id, log, knowsBoth } = options;
  let isUnavailable = false;

  const describe = (mark: StorageMark | Error | null): string => {
    if (mark instanceof StorageFault) return texts.storageHasFailed(place, mark.message);
    if (mark !== null && "movedTo" in mark && mark.movedTo && mark.id === id)
      return texts.filesAreElsewhere(place, mark.movedTo);
    return texts.storageIsUnavailable(place, mark !== null && "id" in mark ? mark.id : null);
  };

  return async (options) => {
    const mark = await storage.readMark(options).then(parseMark, (error: Error) => error);
    const isOurs =
      mark !== null && "id" in mark && mark.id === id && (knowsBoth || mark.movedTo === undefined);
    const detail = isOurs ? texts.storageIsAvailable(place) : describe(mark);
    if (isOurs === isUnavailable) log[isOurs ? "info" : "error"](detail);
    isUnavailable = !isOurs;
    if (!isOurs) throw serviceUnavailable(texts.filesAreUnavailable(), RETRY_SECONDS, detail);
  };
}

async function raiseEpochs(options: GuardOptions): Promise<void> {
  const { db, id } = options;
  const storages = storagesOf(options);
  const marks = await Promise.all(storages.map(({ storage }) => storage.readMark()));
  const database = await findInstallation(db);
  for (const [nth, { place }] of storages.entries())
    if (database?.id !== id || (parseMark(marks[nth] ?? null)?.epoch ?? 0) > database.epoch)
      throw serviceUnavailable(texts.removalIsHeld(), RETRY_SECONDS, texts.databaseIsOlder(place));
  const next = await raiseEpoch(db);
  for (const { storage } of storages) await updateMark(storage, next);
}
