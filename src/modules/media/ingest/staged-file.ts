import type { Clock } from "../../../kernel/clock.js";
import { conflict, FiledeskError, gone, notFound } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { Identified } from "../../identity/viewer.js";
import { authorshipOf, tenantsReachedBy } from "../../identity/viewer.js";
import type { NewBlob } from "../blob.repository.js";
import type { Bucket } from "../buckets.js";
import { listStagedUploads, lockStagedUploads, updateAsUsed } from "../staging/staged-upload.repository.js";
import type { StagedUploadRow } from "../staging/staged-upload.tables.js";

/** A file of an upload that is complete and checked. Its bytes are in the storage already, kept by its row. */
export interface StagedFile {
  readonly stagedUploadId: string;
  readonly fileName: string;
  readonly blob: NewBlob;
}

/** What the mutation records that takes it. */
export interface Taking {
  readonly companyId: string;
  readonly bucket: Bucket;
}

/** The owner's uploads: nobody else knows of them. */
export const ownUploads = (viewer: Identified) => ({
  owner: authorshipOf(viewer),
  tenants: tenantsReachedBy(viewer),
});

/**
 * The files of staged uploads, in the order of the ids.
 *
 * @throws NOT_FOUND, GONE for one that has expired or was cancelled, UPLOAD_INCOMPLETE, CONFLICT for one that has been
 *   used or was begun for something else, and the error with which one was refused
 */
export async function requireStagedFiles(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  viewer: Identified,
  ids: readonly string[],
  taking: Taking,
): Promise<StagedFile[]> {
  if (ids.length === 0) return [];
  if (new Set(ids).size < ids.length) throw conflict("A staged upload can be used only once.");
  const rows = new Map(
    (await listStagedUploads(db, ownUploads(viewer), ids.filter(isId))).map((row) => [row.id, row]),
  );
  return ids.map((id) => {
    const row = rows.get(id);
    if (row === undefined) throw notFound("upload");
    return stagedFile(row, taking, clock());
  });
}

/**
 * Marks staged uploads as used, in the transaction that records their files: each once, whoever comes first.
 *
 * @param files with the media file that each becomes
 * @throws as `requireStagedFiles`, if their state has changed since
 */
export async function takeStagedFiles(
  tx: Database,
  viewer: Identified,
  files: readonly { readonly stagedUploadId: string; readonly mediaFileId: string }[],
  { clock, ...taking }: Taking & { readonly clock: Clock },
): Promise<void> {
  if (files.length === 0) return;
  const ids = files.map(({ stagedUploadId }) => stagedUploadId);
  const rows = new Map((await lockStagedUploads(tx, ownUploads(viewer), ids)).map((row) => [row.id, row]));
  for (const { stagedUploadId: id, mediaFileId } of files) {
    const row = rows.get(id);
    if (row === undefined) throw notFound("upload");
    stagedFile(row, taking, clock());
    await updateAsUsed(tx, taking.companyId, { id, mediaFileId, usedAt: clock() });
  }
}

function stagedFile(row: StagedUploadRow, { companyId, bucket }: Taking, now: Date): StagedFile {
  refuseUnlessReady(row, now);
  if (row.companyId !== companyId || row.bucket !== bucket)
    throw conflict(
      `This upload was begun for ${row.bucket} ${row.companyId === companyId ? "" : "of another company "}and cannot be used here: begin another one for ${bucket}.`,
      { stagedUploadId: row.id, bucket: row.bucket },
    );
  const { checked, storageKey } = row;
  if (checked === null || storageKey === null)
    throw new Error(`staged upload ${row.id} is ready without bytes`);
  return { stagedUploadId: row.id, fileName: checked.fileName, blob: checked.blob };
}

function refuseUnlessReady(row: StagedUploadRow, now: Date): void {
  const stagedUploadId = row.id;
  if (row.status === "USED")
    throw conflict("This upload has been used already: upload the file again to use it once more.", {
      stagedUploadId,
      mediaFileId: row.mediaFileId,
    });
  if (row.status === "REFUSED" && row.refusal) {
    const { code, message, details } = row.refusal;
    throw new FiledeskError(code, message, { ...details, stagedUploadId });
  }
  if (row.status === "CANCELLED" || row.expiresAt <= now) throw gone("upload");
  if (row.status === "READY") return;
  throw new FiledeskError(
    "UPLOAD_INCOMPLETE",
    row.status === "CHECKING"
      ? "This upload is being checked: try again in a moment."
      : `This upload is incomplete: ${row.receivedBytes} of ${row.size ?? "its"} bytes have arrived. Send the rest first.`,
    { stagedUploadId, actual: row.receivedBytes, limit: row.size },
  );
}
