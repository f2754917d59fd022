import type { Clock } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { listKnownBlobs } from "../blob.repository.js";
import { recordFinding } from "../upkeep/record-finding.js";

export interface FindStoredBytesDeps {
  readonly db: Database;
  readonly storage: Pick<Storage, "stat">;
  readonly clock: Clock;
}

/**
 * Those of these hashes whose bytes the company has already, by its rows and by the storage, because a row does not
 * prove that its bytes are still there. Missing or truncated bytes are marked as by the verification and left out: the
 * upload stores them again, which repairs the row.
 */
export async function findStoredBytes(
  { db, storage, clock }: FindStoredBytesDeps,
  companyId: string,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (const blob of await listKnownBlobs(db, companyId, hashes)) {
    const stored = blob.isDestroyed ? null : await storage.stat(blob.storageKey);
    // Destroyed bytes are not stored again: their row refuses the upload.
    if (blob.isDestroyed) present.add(blob.sha256);
    else if (stored?.size === blob.size) present.add(blob.sha256);
    // If a purge has just removed row and bytes, there is nothing to mark.
    else await recordFinding(db, blob, stored === null ? "MISSING" : "ALTERED", clock());
  }
  return present;
}
