import { and, asc, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { newId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { Authorship, TenantScope } from "../identity/viewer.js";
import { blobs } from "./blob.tables.js";
import type { Bucket } from "./buckets.js";
import { PERSONAL_USAGES } from "./internal-usages.js";
import type { MediaFileRow } from "./media-file.tables.js";
import { mediaFiles } from "./media-file.tables.js";
import { mediaUsages } from "./media-usage.tables.js";

/** A media file with its blob in one row. */
export const mediaFileColumns = {
  id: mediaFiles.id,
  companyId: mediaFiles.companyId,
  blobId: mediaFiles.blobId,
  bucket: mediaFiles.bucket,
  fileName: mediaFiles.fileName,
  uploaderId: mediaFiles.uploaderId,
  uploaderGuestId: mediaFiles.uploaderGuestId,
  uploaderApiKeyId: mediaFiles.uploaderApiKeyId,
  variantsStatus: mediaFiles.variantsStatus,
  expiresAt: mediaFiles.expiresAt,
  createdAt: mediaFiles.createdAt,
  updatedAt: mediaFiles.updatedAt,
  deletedAt: mediaFiles.deletedAt,
  deletedBy: mediaFiles.deletedBy,
  versionOf: mediaFiles.versionOf,
  sha256: blobs.sha256,
  size: blobs.size,
  mimeType: blobs.mimeType,
  width: blobs.width,
  height: blobs.height,
  durationMs: blobs.durationMs,
  metadata: blobs.metadata,
  scanStatus: blobs.scanStatus,
  scannedAt: blobs.scannedAt,
  scanResult: blobs.scanResult,
  placeholder: blobs.placeholder,
  storageKey: blobs.storageKey,
  integrity: blobs.integrity,
  verifiedAt: blobs.verifiedAt,
};

export type MediaFileView = Awaited<ReturnType<typeof listMediaFiles>>[number];

export async function listMediaFiles(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
  { withoutPersonal = false }: { readonly withoutPersonal?: boolean } = {},
) {
  return db
    .select(mediaFileColumns)
    .from(mediaFiles)
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId))
    .where(
      and(
        isAnyOf(mediaFiles.id, ids),
        inTenants(mediaFiles.companyId, tenants),
        withoutPersonal ? isNotPersonal : undefined,
      ),
    );
}

/** Deleted ones too: the service distinguishes "deleted" from "never existed". */
export async function findMediaFile(
  db: Database,
  tenants: TenantScope,
  id: string,
): Promise<MediaFileView | null> {
  const [row] = await listMediaFiles(db, tenants, [id]);
  return row ?? null;
}

export interface NewMediaFile {
  readonly companyId: string;
  readonly blobId: string;
  readonly bucket: Bucket;
  readonly fileName: string;
  readonly size: number;
  readonly mimeType: string;
  readonly uploader: Authorship;
  readonly variantsStatus: "PENDING" | "READY" | "NOT_APPLICABLE";
}

/** @returns the new rows, in the order of the files */
export async function insertMediaFiles(tx: Database, files: readonly NewMediaFile[]) {
  const rows = files.map(({ uploader, ...file }) => ({
    id: newId(),
    uploaderId: uploader.userId,
    uploaderGuestId: uploader.guestId,
    uploaderApiKeyId: uploader.apiKeyId ?? null,
    ...file,
  }));
  if (rows.length > 0) await tx.insert(mediaFiles).values(rows);
  return rows;
}

const usagesOfIt = sql`(select from ${mediaUsages} where ${mediaUsages.mediaFileId} = ${mediaFiles.id})`;

/** Nothing uses the file, in the snapshot of the statement. */
export const hasNoUsages = sql`not exists ${usagesOfIt}`;

/** Nothing but suspended usages uses the file: these keep it from the purge, but not from soft deletion. */
export const hasNoActiveUsages = sql`not exists (select from ${mediaUsages} where ${mediaUsages.mediaFileId} = ${mediaFiles.id} and ${mediaUsages.suspendedAt} is null)`;

/**
 * Written out instead of negating `unused`: a double negation keeps Postgres from using a join, and it reads all
 * usages.
 */
export const hasUsages = sql`exists ${usagesOfIt}`;

/** No ticket, conversation or person uses the file, in the snapshot of the statement. */
export const isNotPersonal = sql`not exists (select from ${mediaUsages}
  where ${mediaUsages.mediaFileId} = ${mediaFiles.id} and ${isAnyOf(mediaUsages.resourceType, PERSONAL_USAGES)})`;

/**
 * Locks files until the transaction ends: new usages of them wait. Check conditions in a statement after this one: in
 * the locking statement itself they would be evaluated on the snapshot from before the wait.
 */
export async function lockMediaFiles(tx: Database, ids: readonly string[]): Promise<void> {
  await tx
    .select({ id: mediaFiles.id })
    .from(mediaFiles)
    .where(isAnyOf(mediaFiles.id, ids))
    .orderBy(asc(mediaFiles.id))
    .for("update");
}

/**
 * Soft-deletes those of these files that nothing but suspended usages uses. @returns the ids of those that were not
 * deleted before
 */
export async function softDeleteIdleMediaFiles(
  tx: Database,
  companyId: string,
  ids: readonly string[],
  deletedBy: string,
): Promise<string[]> {
  await lockMediaFiles(tx, ids);
  const deleted = await tx
    .update(mediaFiles)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        isAnyOf(mediaFiles.id, ids),
        isNull(mediaFiles.deletedAt),
        hasNoActiveUsages,
      ),
    )
    .returning({ id: mediaFiles.id });
  return deleted.map(({ id }) => id);
}

/**
 * Sets the deletion of unused files to a moment, or leaves an earlier one. No event: it was recorded when what used
 * them was deleted.
 */
export async function softDeleteUnusedMediaFiles(
  tx: Database,
  companyId: string,
  ids: readonly string[],
  since: Date,
): Promise<void> {
  if (ids.length === 0) return;
  await lockMediaFiles(tx, ids);
  await tx
    .update(mediaFiles)
    .set({ deletedAt: sql`least(${mediaFiles.deletedAt}, ${since.toISOString()})`, updatedAt: sql`now()` })
    .where(and(eq(mediaFiles.companyId, companyId), isAnyOf(mediaFiles.id, ids), hasNoUsages));
}

/** The deletion of a media file, which is locked. @returns null if it has been purged */
export async function lockDeletion(
  tx: Database,
  companyId: string,
  id: string,
): Promise<Pick<MediaFileRow, "deletedAt" | "deletedBy"> | null> {
  const [file] = await tx
    .select({ deletedAt: mediaFiles.deletedAt, deletedBy: mediaFiles.deletedBy })
    .from(mediaFiles)
    .where(and(eq(mediaFiles.companyId, companyId), eq(mediaFiles.id, id)))
    .for("update");
  return file ?? null;
}

/** Restores a media file. @returns whether it was deleted; null if it has been purged */
export async function restoreMediaFile(tx: Database, companyId: string, id: string): Promise<boolean | null> {
  const thisOne = and(eq(mediaFiles.companyId, companyId), eq(mediaFiles.id, id));
  const file = await lockDeletion(tx, companyId, id);
  if (file === null) return null;
  if (file.deletedAt === null) return false;
  await tx.update(mediaFiles).set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` }).where(thisOne);
  return true;
}

/** Restores those of these files that are deleted. @returns their ids */
export async function restoreMediaFiles(
  tx: Database,
  companyId: string,
  ids: readonly string[],
): Promise<string[]> {
  await lockMediaFiles(tx, ids);
  const restored = await tx
    .update(mediaFiles)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(
      and(eq(mediaFiles.companyId, companyId), isAnyOf(mediaFiles.id, ids), isNotNull(mediaFiles.deletedAt)),
    )
    .returning({ id: mediaFiles.id });
  return restored.map(({ id }) => id);
}
