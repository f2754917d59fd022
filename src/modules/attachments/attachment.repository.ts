import type { SQL } from "drizzle-orm";
import { and, eq, gt, isNotNull, isNull, lt, sql } from "drizzle-orm";
import type { Page, PageRequest } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { deleteInBatches } from "../../platform/database/in-batches.js";
import { keysetTemplate, keysetValues, pageShape } from "../../platform/database/keyset.js";
import { preparedByShape } from "../../platform/database/prepared-once.js";
import { withQuickRows } from "../../platform/database/quick-rows.js";
import type { TenantShape } from "../identity/tenant.repository.js";
import { inTenants, inTenantsTemplate, tenantShape, tenantValue } from "../identity/tenant.repository.js";
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

const joined = (db: Database) =>
  db
    .select(columns)
    .from(attachments)
    .innerJoin(mediaFiles, eq(mediaFiles.id, attachments.mediaFileId))
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId));

export async function listAttachments(db: Database, tenants: TenantScope, ids: readonly string[]) {
  return joined(db).where(and(isAnyOf(attachments.id, ids), inTenants(attachments.companyId, tenants)));
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
  return joined(db).where(
    and(isAnyOf(attachments.mediaFileId, mediaFileIds), inTenants(attachments.companyId, tenants)),
  );
}

/** The column of the parent's id. */
const PARENT_ID = { ticket: "ticketId", reply: "replyId", message: "messageId" } as const;

const parentColumn = (kind: ParentRef["kind"]) => attachments[PARENT_ID[kind]];

/** Order of a parent's list: by upload. */
export const attachmentOrder = { keys: [attachments.createdAt, attachments.id], descending: false };
export const attachmentPosition = (row: AttachmentView) => [row.createdAt.toISOString(), row.id];

interface PagesShape extends ReturnType<typeof pageShape> {
  readonly kind: ParentRef["kind"];
  readonly tenants: TenantShape;
}

const pagesOfParents = preparedByShape((db, { kind, tenants, ...page }: PagesShape) => {
  const { where, orderBy, limit } = keysetTemplate(attachmentOrder, page);
  const parent = parentColumn(kind);
  const inScope = inTenantsTemplate(attachments.companyId, tenants, "companyIds");
  const ofParents = sql`${parent} = any(${sql.placeholder("parentIds")})`;
  const ranked = db
    .select({
      id: attachments.id,
      rank: sql<number>`row_number() over (partition by ${parent} order by ${sql.join(orderBy, sql`, `)})`.as(
        "rank",
      ),
    })
    .from(attachments)
    .where(and(isNull(attachments.deletedAt), inScope, ofParents, where))
    .as("ranked");
  const statement = joined(db)
    .innerJoin(ranked, eq(ranked.id, attachments.id))
    .where(sql`${ranked.rank} <= ${limit}`)
    .orderBy(...orderBy)
    .prepare("attachments_of_parents");
  return withQuickRows(statement);
});

/** One page of each parent's attachments, in one statement. */
export async function listPagesOfParents(
  db: Database,
  tenants: TenantScope,
  kind: ParentRef["kind"],
  parentIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<AttachmentView>>> {
  const statement = pagesOfParents(db, { kind, tenants: tenantShape(tenants), ...pageShape(page) });
  const rows = await statement.execute({
    parentIds,
    companyIds: tenantValue(tenants),
    ...keysetValues(attachmentOrder, page),
  });
  const ofParent = new Map<string, AttachmentView[]>(parentIds.map((id) => [id, []]));
  for (const row of rows) {
    const parentId = row[PARENT_ID[kind]];
    if (parentId !== null) ofParent.get(parentId)?.push(row);
  }
  return new Map([...ofParent].map(([id, read]) => [id, toPage(page, read)]));
}

export async function countOfParents(
  db: Database,
  tenants: TenantScope,
  kind: ParentRef["kind"],
  parentIds: readonly string[],
): Promise<Map<string, AttachmentCount>> {
  const parent = parentColumn(kind);
  const rows = await db
    .select({ parentId: sql<string>`${parent}`, count: sql<number>`count(*)::int`, unscanned })
    .from(attachments)
    .where(live(tenants, isAnyOf(parent, parentIds)))
    .groupBy(parent);
  return new Map(rows.map((row) => [row.parentId, row]));
}

/** The number of a parent's attachments, and those of them that not everybody may know of. */
export interface AttachmentCount {
  readonly count: number;
  readonly unscanned: readonly Pick<AttachmentView, "companyId" | "uploaderId" | "uploaderGuestId">[];
}

/** There are few at any time: they are looked up once, not for each attachment. */
const unscanned = sql<AttachmentCount["unscanned"]>`
  coalesce(
    jsonb_agg(jsonb_build_object('companyId', company_id, 'uploaderId', uploader_id,
      'uploaderGuestId', uploader_guest_id))
    filter (where media_file_id in (
      select f.id from blobs b join media_files f on f.blob_id = b.id where b.scan_status = 'PENDING')),
    '[]')`;

const live = (tenants: TenantScope, ...more: (SQL | undefined)[]) =>
  and(isNull(attachments.deletedAt), inTenants(attachments.companyId, tenants), ...more);

export interface NewAttachment {
  readonly id: string;
  readonly companyId: string;
  readonly mediaFileId: string;
  readonly parent: ParentRef;
  readonly description: string | null;
  readonly uploader: Authorship;
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
export type AttachmentChanges = Pick<AttachmentView, "description" | "deletedAt" | "updatedAt">;

const changes = {
  description: attachments.description,
  deletedAt: attachments.deletedAt,
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
  return joined(db).where(and(ofParent(companyId, parent), isNull(attachments.deletedAt)));
}

/** All attachments of a parent, deleted or not. */
export async function purgeAttachmentsOfParent(tx: Database, companyId: string, parent: ParentRef) {
  return tx.delete(attachments).where(ofParent(companyId, parent)).returning({
    id: attachments.id,
    companyId: attachments.companyId,
    mediaFileId: attachments.mediaFileId,
  });
}
