import { conflict } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { ObjectNotFound } from "../../../platform/storage/storage.js";
import type { Viewer } from "../../identity/viewer.js";
import type { FindMediaFileDeps } from "../find-media-file.js";
import { requireMediaFile } from "../find-media-file.js";
import { auditMediaFile } from "../library/media-file.audit.js";
import { writeOnMediaFile } from "../library/write-on-media-file.js";
import type { MediaFileView } from "../media-file.repository.js";
import type { OnScanned } from "../scanning/announce-scan.js";
import { announceScan } from "../scanning/announce-scan.js";
import { keyOutsideQuarantine } from "../scanning/quarantine.js";
import { listUnrenderedOfBlob, lockScannedBlob, updateScan } from "../scanning/scan.repository.js";
import type { RequestVariants } from "../variants/request-variants.js";

export interface QuarantineServiceDeps extends FindMediaFileDeps {
  readonly storage: Pick<Storage, "copy" | "delete">;
  /** Requests the variants of these files, in the transaction. */
  readonly requestVariants: RequestVariants;
  readonly onScanned: OnScanned;
}

export type QuarantineService = ReturnType<typeof createQuarantineService>;

export const createQuarantineService = (deps: QuarantineServiceDeps) => ({
  /**
   * Releases the bytes of a file from quarantine, for all files of the company that share them. The signature does not
   * count against them any more; another one does.
   *
   * @throws CONFLICT for a file that is not in quarantine
   */
  releaseQuarantined: (viewer: Viewer, id: string) => releaseQuarantined(deps, viewer, id),
});

async function releaseQuarantined(
  deps: QuarantineServiceDeps,
  viewer: Viewer,
  id: string,
): Promise<MediaFileView> {
  const found = await requireMediaFile(deps, viewer, id, "releaseFromQuarantine");
  const { storageKey } = found.file;
  refuseUnlessQuarantined(found.file);
  const key = keyOutsideQuarantine(storageKey);
  // Bytes first: a copy without a row is swept.
  if (key !== storageKey) await deps.storage.copy(storageKey, key).catch(refuseMissing);
  const released = await writeOnMediaFile(
    deps,
    found,
    "releaseFromQuarantine",
    async (tx, { file, viewer: by }) => {
      refuseUnlessQuarantined(file);
      const scannedAt = await release(deps, tx, file, storageKey, key);
      await auditMediaFile(tx, by, "released", file, { signature: file.scanResult, sha256: file.sha256 });
      return { ...file, scanStatus: "CLEAN" as const, scannedAt, storageKey: key };
    },
  );
  // What cannot be removed now is left to the sweep.
  if (key !== storageKey) await deps.storage.delete([storageKey]).catch(() => {});
  return released;
}

async function release(
  { clock, onScanned, requestVariants }: QuarantineServiceDeps,
  tx: Database,
  file: MediaFileView,
  from: string,
  to: string,
): Promise<Date | null> {
  const blob = { id: file.blobId, companyId: file.companyId };
  const now = await lockScannedBlob(tx, blob);
  if (now?.scanStatus !== "QUARANTINED" || now.storageKey !== from) throw notQuarantined();
  const { scanResult } = now;
  await updateScan(tx, blob, {
    scanStatus: "CLEAN",
    scanResult,
    scanReleasedAt: clock(),
    releasedSignatures: [
      ...new Set([...now.releasedSignatures, ...(scanResult === null ? [] : [scanResult])]),
    ],
    storageKey: to,
  });
  await announceScan({ tx, onScanned }, blob, "file.released");
  await requestVariants(tx, await listUnrenderedOfBlob(tx, blob));
  return clock();
}

/** Somebody else has released it meanwhile. */
function refuseMissing(error: unknown): never {
  throw error instanceof ObjectNotFound ? notQuarantined() : error;
}

function refuseUnlessQuarantined({ scanStatus }: Pick<MediaFileView, "scanStatus">): void {
  if (scanStatus !== "QUARANTINED") throw notQuarantined();
}

const notQuarantined = () => conflict("This file is not in quarantine: there is nothing to release.");
