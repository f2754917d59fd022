import type { Database } from "../../../platform/database/client.js";
import type { IntegrityEventType } from "../media-file.events.js";
import { recordByteEvents } from "../media-file.events.js";
import type { Integrity, KnownBytes } from "./integrity.repository.js";
import { listFilesOfBlob, lockIntegrity, updateIntegrity } from "./integrity.repository.js";

/** The most files that an event names. */
const FILES_NAMED = 100;

const EVENT_OF: Partial<Record<Integrity, IntegrityEventType>> = {
  ALTERED: "file.altered",
  MISSING: "file.missing",
};

/**
 * Records the state of a blob's bytes. When it changes to altered or missing, or back, one event is recorded for the
 * staff of the company. The blob's hash is never changed: it identifies the right bytes.
 *
 * @param verifiedAt when the bytes were read or missed; null: they are verified next
 * @returns whether the state has changed
 */
export async function recordFinding(
  db: Database,
  blob: KnownBytes,
  finding: Integrity,
  verifiedAt: Date | null,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const before = await lockIntegrity(tx, blob);
    if (before === null) return false;
    await updateIntegrity(tx, blob, finding, verifiedAt);
    const type = EVENT_OF[finding] ?? (EVENT_OF[before] && "file.recovered");
    if (before === finding || type === undefined) return before !== finding;
    const { id, companyId } = blob;
    recordByteEvents(tx, companyId, type, await listFilesOfBlob(tx, companyId, id, FILES_NAMED));
    return true;
  });
}

/** Records the event of a damaged blob that has got its bytes back, in the transaction of the upload. */
export async function recordRecovery(tx: Database, companyId: string, blobId: string): Promise<void> {
  recordByteEvents(
    tx,
    companyId,
    "file.recovered",
    await listFilesOfBlob(tx, companyId, blobId, FILES_NAMED),
  );
}
