import type { SQL } from "drizzle-orm";
import { and, eq, gt, isNotNull, isNull, lt, sql } from "drizzle-orm";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { deleteInBatches } from "../../platform/database/in-batches.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { Authorship, TenantScope } from "../identity/viewer.js";
import { blobs } from "../media/blob.tables.js";
import { mediaFiles } from "../media/media-file.tables.js";
import { attachments } from "./attachment.tables.js";
import type { ParentRef } from "./parents.js";

/** An attachment with the columns of its file that lists show. */
const columns = {
  id: attachments.id,
  companyId: attachments.companyId,
  mediaFileId: attachments.mediaFileId,
  ticketId: attachments.ticketId,
  replyId: attachments.replyId,
  messageId: attachments.messageId,
  threadId: attachments.threadId,
  description: attachments.description,
  uploaderId: attachments.uploaderId,
  uploaderGuestId: attachments.uploaderGuestId,
  createdAt: attachments.createdAt,
  updatedAt: attachments.updatedAt,
  deletedAt: attachments.deletedAt,
  deletedBy: attachments.deletedBy,
  blobId: mediaFiles.blobId,
  bucket: mediaFiles.bucket,
  fileName: mediaFiles.fileName,
  size: blobs.size,
  sha256: blobs.sha256,
  mimeType: blobs.mimeType,
  scanStatus: blobs.scanStatus,
  scannedAt: blobs.scannedAt,
  scanResult: blobs.scanResult,
};

export type AttachmentView = Awaited<ReturnType<typeof listAttachments>>[number];

/** Attachments with their files. */
export const joinedAttachments = (db: Database) =>
  db
    .select(columns)
    .from(attachments)
    .innerJoin(mediaFiles, eq(mediaFiles.id, attachments.mediaFileId))
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId));

export async function listAttachments(db: Database, tenants: TenantScope, ids: readonly string[]) {
  return joinedAttachments(db).where(
    and(isAnyOf(attachments.id, ids), inTenants(attachments.companyId, tenants)),
  );
}

/** Deleted ones too: the service distinguishes "deleted" from "never existed". */
export async function findAttachment(
  db: Database,
  tenants: TenantScope,
  id: string,
): Promise<AttachmentView | null> {
  const [row] = await listAttachments(db, tenants, [id]);
  return row ?? null;
}

/** The attachments of these media files, deleted ones too. */
export async function listAttachmentsOfFiles(
  db: Database,
  tenants: TenantScope,
  mediaFileIds: readonly string[],
) {
  return joinedAttachments(db).where(
    and(isAnyOf(attachments.mediaFileId, mediaFileIds), inTenants(attachments.companyId, tenants)),
  );
}

/** The column of the parent's id. */
export const PARENT_ID = { ticket: "ticketId", reply: "replyId", message: "messageId" } as const;

export const parentColumn = (kind: ParentRef["kind"]) => attachments[PARENT_ID[kind]];

export interface NewAttachment {
  readonly id: string;
  readonly companyId: string;
  readonly mediaFileId: string;
  readonly parent: ParentRef;
  readonly description: string | null;
  readonly uploader: Authorship;
  readonly createdAt?: Date;
}

export async function insertAttachments(tx: Database, rows: readonly NewAttachment[]): Promise<void> {
  const values = rows.map(({ parent, uploader, ...row }) => ({
    ...row,
    [PARENT_ID[parent.kind]]: parent.id,
    uploaderId: uploader.userId,
    uploaderGuestId: uploader.guestId,
  }));
  if (values.length > 0) await tx.insert(attachments).values(values);
}

const thisOne = (companyId: string, id: string, ...more: (SQL | undefined)[]) =>
  and(eq(attachments.companyId, companyId), eq(attachments.id, id), ...more);

/** The columns that a change returns. */
export type AttachmentChanges = Pick<AttachmentView, "description" | "deletedAt" | "deletedBy" | "updatedAt">;

const changes = {
  description: attachments.description,
  deletedAt: attachments.deletedAt,
  deletedBy: attachments.deletedBy,
  updatedAt: attachments.updatedAt,
};

/** @returns null when it has been deleted meanwhile */
export async function updateDescription(
  tx: Database,
  companyId: string,
  id: string,
  description: string | null,
): Promise<AttachmentChanges | null> {
  const [updated] = await tx
    .update(attachments)
    .set({ description, updatedAt: sql`now()` })
    .where(thisOne(companyId, id, isNull(attachments.deletedAt)))
    .returning(changes);
  return updated ?? null;
}

/** @returns null when it was deleted already */
export async function softDeleteAttachment(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<AttachmentChanges | null> {
  const [deleted] = await tx
    .update(attachments)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(thisOne(companyId, id, isNull(attachments.deletedAt)))
    .returning(changes);
  return deleted ?? null;
}

/** @returns null when it is not deleted, or was deleted before `deletedAfter` */
export async function restoreAttachment(
  tx: Database,
  companyId: string,
  id: string,
  deletedAfter: Date,
): Promise<AttachmentChanges | null> {
  const [restored] = await tx
    .update(attachments)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(thisOne(companyId, id, isNotNull(attachments.deletedAt), gt(attachments.deletedAt, deletedAfter)))
    .returning(changes);
  return restored ?? null;
}

/** Every tenant's: for the purge, which has no viewer. */
export async function purgeAttachments(db: Database, deletedBefore: Date): Promise<void> {
  await deleteInBatches(
    db,
    attachments,
    and(isNotNull(attachments.deletedAt), lt(attachments.deletedAt, deletedBefore)),
  );
}

const ofParent = (companyId: string, parent: ParentRef) =>
  and(eq(attachments.companyId, companyId), eq(parentColumn(parent.kind), parent.id));

/** Without pages: for a parent that is being deleted. */
export async function listLiveOfParent(db: Database, companyId: string, parent: ParentRef) {
  return joinedAttachments(db).where(and(ofParent(companyId, parent), isNull(attachments.deletedAt)));
}

export async function countLiveOfParent(db: Database, companyId: string, parent: ParentRef): Promise<number> {
  return db.$count(attachments, and(ofParent(companyId, parent), isNull(attachments.deletedAt)));
}

/** Those that were deleted with their parent. */
export async function listDeletedWithParent(
  db: Database,
  companyId: string,
  parent: ParentRef,
  deletedAt: Date,
) {
  return joinedAttachments(db).where(and(ofParent(companyId, parent), eq(attachments.deletedAt, deletedAt)));
}

/** All attachments of a parent, deleted or not. */
export async function purgeAttachmentsOfParent(tx: Database, companyId: string, parent: ParentRef) {
  return tx.delete(attachments).where(ofParent(companyId, parent)).returning({
    id: attachments.id,
    companyId: attachments.companyId,
    mediaFileId: attachments.mediaFileId,
  });
}
