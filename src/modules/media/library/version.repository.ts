import { and, eq, isNull, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import { blobs } from "../blob.tables.js";
import type { MediaFileView } from "../media-file.repository.js";
import { mediaFileColumns } from "../media-file.repository.js";
import type { MediaFileRow } from "../media-file.tables.js";
import { mediaFiles } from "../media-file.tables.js";

/** The latest earlier versions of each file, the newest first, in one statement. */
export async function listVersionsOfFiles(
  db: Database,
  tenants: TenantScope,
  mediaFileIds: readonly string[],
  limit: number,
): Promise<MediaFileView[]> {
  const ranked = db
    .select({
      id: mediaFiles.id,
      rank: sql<number>`row_number() over (partition by ${mediaFiles.versionOf} order by ${mediaFiles.createdAt} desc, ${mediaFiles.id} desc)`.as(
        "rank",
      ),
    })
    .from(mediaFiles)
    .where(and(isAnyOf(mediaFiles.versionOf, mediaFileIds), inTenants(mediaFiles.companyId, tenants)))
    .as("ranked");
  return db
    .select(mediaFileColumns)
    .from(mediaFiles)
    .innerJoin(blobs, eq(blobs.id, mediaFiles.blobId))
    .innerJoin(ranked, eq(ranked.id, mediaFiles.id))
    .where(sql`${ranked.rank} <= ${limit}`)
    .orderBy(ranked.rank);
}

/** Locks the file against deletion and other replacements; null if it has been deleted. */
export async function lockMediaFileForReplacement(tx: Database, companyId: string, id: string) {
  const [row] = await tx
    .select()
    .from(mediaFiles)
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        eq(mediaFiles.id, id),
        isNull(mediaFiles.deletedAt),
        isNull(mediaFiles.versionOf),
      ),
    )
    .for("update");
  return row ?? null;
}

/**
 * Exchanges the contents of a file and one that has just been uploaded: the file keeps its id and usages and gets the
 * new content, the other row becomes the earlier version with the old content. One statement, so that a concurrent
 * check of usage sees both blobs in use at any moment.
 *
 * @returns the status of the variants of the file's new content
 */
export async function exchangeContents(
  tx: Database,
  companyId: string,
  { currentId, uploadedId }: { readonly currentId: string; readonly uploadedId: string },
): Promise<MediaFileRow["variantsStatus"] | null> {
  const other = alias(mediaFiles, "other");
  const changed = await tx
    .update(mediaFiles)
    .set({
      blobId: sql`${other.blobId}`,
      fileName: sql`${other.fileName}`,
      size: sql`${other.size}`,
      mimeType: sql`${other.mimeType}`,
      uploaderId: sql`${other.uploaderId}`,
      uploaderGuestId: sql`${other.uploaderGuestId}`,
      uploaderApiKeyId: sql`${other.uploaderApiKeyId}`,
      variantsStatus: sql`${other.variantsStatus}`,
      createdAt: sql`${other.createdAt}`,
      versionOf: sql`case when ${mediaFiles.id} = ${uploadedId} then ${currentId}::uuid end`,
      updatedAt: sql`now()`,
    })
    .from(other)
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        sql`(${mediaFiles.id}, ${other.id}) in ((${currentId}::uuid, ${uploadedId}::uuid), (${uploadedId}::uuid, ${currentId}::uuid))`,
      ),
    )
    .returning({ id: mediaFiles.id, variantsStatus: mediaFiles.variantsStatus });
  return changed.find((row) => row.id === currentId)?.variantsStatus ?? null;
}
