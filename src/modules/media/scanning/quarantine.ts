import type { Database } from "../../../platform/database/client.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { insertAuditEntries } from "../../identity/audit/audit.repository.js";
import type { BlobRow } from "../blob.tables.js";
import type { OnScanned } from "./announce-scan.js";
import { announceScan } from "./announce-scan.js";
import { forgetRequest, lockScannedBlob, updateScan } from "./scan.repository.js";

export interface QuarantineDeps {
  readonly db: Database;
  readonly storage: Pick<Storage, "copy" | "delete">;
  readonly onScanned: OnScanned;
}

const PREFIX = "quarantine/";

/** The key from which bytes were moved to quarantine. */
export const keyOutsideQuarantine = (key: string): string =>
  key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key;

/** The key of a row whose bytes are destroyed: none, so that the sweep removes what is left under the previous one. */
export const destroyedKeyOf = (key: string): string => `destroyed/${keyOutsideQuarantine(key)}`;

/** The key of the same bytes in quarantine, apart from whatever is served. */
const quarantineKeyOf = (key: string): string => (key.startsWith(PREFIX) ? key : `${PREFIX}${key}`);

/**
 * Records a detection: from this commit on nobody downloads the bytes, unless a manager has once released them
 * with this signature.
 *
 * @returns null if they have been purged
 */
export async function recordInfection(
  { db, onScanned }: QuarantineDeps,
  blob: BlobRow,
  signature: string,
): Promise<"withheld" | "released" | null> {
  return db.transaction(async (tx) => {
    const before = await lockScannedBlob(tx, blob);
    if (before === null) return null;
    if (isWithheld(before)) {
      await forgetRequest(tx, blob);
      return "withheld";
    }
    if (before.releasedSignatures.includes(signature)) {
      await updateScan(tx, blob, { scanStatus: "CLEAN", scanResult: signature });
      return "released";
    }
    await updateScan(tx, blob, { scanStatus: "INFECTED", scanResult: signature });
    await announceScan({ tx, onScanned }, blob, "file.infected", (ids) => audit(tx, blob, ids, signature));
    return "withheld";
  });
}

const audit = (tx: Database, { companyId, sha256 }: BlobRow, ids: readonly string[], signature: string) =>
  insertAuditEntries(
    tx,
    ids.map((subjectId) => ({
      companyId,
      by: null,
      action: "media-file.quarantined" as const,
      subjectType: "media-file",
      subjectId,
      details: { signature, sha256 },
    })),
  );

const isWithheld = ({ scanStatus }: BlobRow) => scanStatus === "INFECTED" || scanStatus === "QUARANTINED";

/**
 * Moves infected bytes to quarantine. It may be interrupted at any moment and repeated: bytes without a row are swept.
 *
 * @returns false if there is nothing to move any more
 */
export async function moveToQuarantine({ db, storage }: QuarantineDeps, blob: BlobRow): Promise<boolean> {
  const key = quarantineKeyOf(blob.storageKey);
  if (key !== blob.storageKey) await storage.copy(blob.storageKey, key);
  const isMoved = await db.transaction(async (tx) => {
    const now = await lockScannedBlob(tx, blob);
    if (now?.storageKey !== blob.storageKey || now.scanStatus !== "INFECTED") return false;
    await updateScan(tx, blob, { scanStatus: "QUARANTINED", scanResult: now.scanResult, storageKey: key });
    return true;
  });
  // What cannot be removed now is left to the sweep.
  if (isMoved && key !== blob.storageKey) await storage.delete([blob.storageKey]).catch(() => {});
  return isMoved;
}
