import type { Database } from "../../../platform/database/client.js";
import { recordStorageEvent } from "../media-file.events.js";
import { countStoredBytes, findCompanyStorage, updateReachedPercent } from "./company-storage.repository.js";
import type { CompanyStorageRow } from "./company-storage.tables.js";
import { storageIsFull } from "./storage-quota.errors.js";

/** Percentages of a limit that are reported by an event, the highest first. */
const THRESHOLDS = [95, 80] as const;

/** What is left of a limit; null without one. */
export const leftOf = ({ limitBytes, usedBytes }: Pick<CompanyStorageRow, "limitBytes" | "usedBytes">) =>
  limitBytes === null ? null : Math.max(0, limitBytes - usedBytes);

/**
 * Refuses an upload before its bytes, if the company has no room for them. What others upload at the same time is not
 * known yet: `chargeStorage` is exact.
 *
 * @param bytes at least so many; 1 if nothing is known of them
 * @throws QUOTA_EXCEEDED
 */
export async function refuseWithoutRoom(db: Database, companyId: string, bytes: number): Promise<void> {
  const storage = await findCompanyStorage(db, companyId);
  if (storage === null || storage.limitBytes === null) return;
  const { limitBytes: limit, usedBytes: used } = storage;
  if (used + bytes > limit) throw storageIsFull({ limit, used, actual: bytes });
}

/**
 * Counts the blobs that the transaction has added, and records an event if they reach a threshold. The row of the
 * company's storage is locked from then on: call it last.
 *
 * @param added their bytes; 0 changes nothing
 * @throws QUOTA_EXCEEDED if they exceed the limit
 */
export async function chargeStorage(tx: Database, companyId: string, added: number): Promise<void> {
  if (added === 0) return;
  const storage = await countStoredBytes(tx, companyId);
  if (storage === null) return;
  const { limitBytes: limit, usedBytes } = storage;
  if (limit !== null && usedBytes > limit)
    throw storageIsFull({ limit, used: usedBytes - added, actual: added });
  await announceThreshold(tx, storage);
}

/** Counts the blobs that the transaction has removed, so that a threshold is reported when it is reached again. */
export async function releaseStorage(tx: Database, companyId: string): Promise<void> {
  const storage = await countStoredBytes(tx, companyId);
  if (storage !== null) await announceThreshold(tx, storage);
}

/** Records an event if a higher threshold is reached than before. Called under the lock on the row. */
export async function announceThreshold(tx: Database, storage: CompanyStorageRow): Promise<void> {
  const { companyId, usedBytes, limitBytes, reachedPercent } = storage;
  const reached = reachedOf(storage);
  if (reached === reachedPercent) return;
  await updateReachedPercent(tx, companyId, reached);
  if (limitBytes !== null && reached > reachedPercent)
    recordStorageEvent(tx, companyId, { threshold: reached, usedBytes, limitBytes });
}

function reachedOf({ usedBytes, limitBytes }: CompanyStorageRow): number {
  if (limitBytes === null) return 0;
  return THRESHOLDS.find((percent) => usedBytes >= (limitBytes / 100) * percent) ?? 0;
}
