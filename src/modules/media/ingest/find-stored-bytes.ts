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
 * Which of these bytes the company has already: by its rows, and by a look at the storage, because a row alone does
 * not show that its bytes are still there. What is gone or of another length is marked and told as by the
 * verification, and counts as unknown: the upload stores it anew, which makes the row whole again.
 */
export async function findStoredBytes(
  { db, storage, clock }: FindStoredBytesDeps,
  companyId: string,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (const blob of await listKnownBlobs(db, companyId, hashes)) {
    const stored = await storage.stat(blob.storageKey);
    if (stored?.size === blob.size) present.add(blob.sha256);
    // A purge that has just removed row and bytes leaves nothing to mark.
    else await recordFinding(db, blob, stored === null ? "MISSING" : "ALTERED", clock());
  }
  return present;
}
