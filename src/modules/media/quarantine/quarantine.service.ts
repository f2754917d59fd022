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
import { releaseStorage } from "../quota/storage-quota.js";
import type { OnScanned } from "../scanning/announce-scan.js";
import { announceScan } from "../scanning/announce-scan.js";
import { destroyedKeyOf, keyOutsideQuarantine } from "../scanning/quarantine.js";
import {
  listUnrenderedOfBlob,
  lockScannedBlob,
  updateDestroyed,
  updateScan,
} from "../scanning/scan.repository.js";
import type { RequestVariants } from "../variants/request-variants.js";
import { purgeVariants } from "../variants/variant.repository.js";

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

  /**
   * Destroys the bytes of a file that is in quarantine, for all files of the company that share them, with what was
   * rendered of them. The files remain, and their verdict: equal bytes are refused as before.
   *
   * @throws CONFLICT for a file that is not in quarantine, or whose bytes are destroyed already
   */
  destroyQuarantined: (viewer: Viewer, id: string) => destroyQuarantined(deps, viewer, id),
});

async function releaseQuarantined(
  deps: QuarantineServiceDeps,
  viewer: Viewer,
  id: string,
): Promise<MediaFileView> {
  const found = await requireMediaFile(deps, viewer, id, "decideOnQuarantine");
  const { storageKey } = found.file;
  refuseUnlessQuarantined(found.file);
  const key = keyOutsideQuarantine(storageKey);
  // Bytes first: a copy without a row is swept.
  if (key !== storageKey) await deps.storage.copy(storageKey, key).catch(refuseMissing);
  const released = await writeOnMediaFile(
    deps,
    found,
    "decideOnQuarantine",
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
  if (now?.storageKey !== from) throw notQuarantined();
  refuseUnlessQuarantined(now);
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

async function destroyQuarantined(
  deps: QuarantineServiceDeps,
  viewer: Viewer,
  id: string,
): Promise<MediaFileView> {
  const found = await requireMediaFile(deps, viewer, id, "decideOnQuarantine");
  let keys: readonly string[] = [];
  const destroyed = await writeOnMediaFile(
    deps,
    found,
    "decideOnQuarantine",
    async (tx, { file, viewer: by }) => {
      refuseUnlessQuarantined(file);
      const blob = { id: file.blobId, companyId: file.companyId };
      const now = await lockScannedBlob(tx, blob);
      if (now === null) throw notQuarantined();
      refuseUnlessQuarantined(now);
      const gone = { integrity: "DESTROYED" as const, storageKey: destroyedKeyOf(now.storageKey) };
      await updateDestroyed(tx, blob, gone.storageKey);
      keys = [now.storageKey, ...(await purgeVariants(tx, blob))];
      await announceScan({ tx, onScanned: deps.onScanned }, blob, "file.destroyed");
      await auditMediaFile(tx, by, "destroyed", file, { signature: now.scanResult, sha256: now.sha256 });
      await releaseStorage(tx, file.companyId);
      return { ...file, ...gone, placeholder: null };
    },
  );
  // Rows first: no row is without its bytes. What cannot be removed now is left to the sweep.
  await deps.storage.delete(keys).catch(() => {});
  return destroyed;
}

/** Somebody else has released or destroyed it meanwhile. */
function refuseMissing(error: unknown): never {
  throw error instanceof ObjectNotFound ? notQuarantined() : error;
}

function refuseUnlessQuarantined({
  scanStatus,
  integrity,
}: Pick<MediaFileView, "scanStatus" | "integrity">): void {
  if (scanStatus !== "QUARANTINED") throw notQuarantined();
  if (integrity === "DESTROYED")
    throw conflict("The bytes of this file are destroyed: it can only be deleted.");
}

const notQuarantined = () =>
  conflict("This file is not in quarantine: there is nothing to release or to destroy.");
