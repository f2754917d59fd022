import type { Database } from "../../../platform/database/client.js";
import type { BytesEventType } from "../media-file.events.js";
import { recordByteEvents } from "../media-file.events.js";
import type { Integrity, KnownBytes } from "./integrity.repository.js";
import { listFilesOfBlob, lockIntegrity, updateIntegrity } from "./integrity.repository.js";

/** An event names so many of a blob's files at most. */
const FILES_NAMED = 100;

const EVENT_OF: Partial<Record<Integrity, BytesEventType>> = {
  ALTERED: "file.altered",
  MISSING: "file.missing",
};

/**
 * Writes down what was found under a blob's key. That bytes are altered or missing is told once, by an event to the
 * company's staff, and so is that they are there again; the blob's hash stays what it was: it is what the right bytes
 * are known by.
 *
 * @param verifiedAt when the bytes were read or missed; null: they are to be read soon
 * @returns whether it was news
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

/** Tells, in the transaction that has given a damaged blob its bytes back, that they are there again. */
export async function recordRecovery(tx: Database, companyId: string, blobId: string): Promise<void> {
  recordByteEvents(
    tx,
    companyId,
    "file.recovered",
    await listFilesOfBlob(tx, companyId, blobId, FILES_NAMED),
  );
}
