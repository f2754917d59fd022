import { and, asc, eq, gt, isNull, lt, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { blobs } from "../blob.tables.js";
import { mediaFiles } from "../media-file.tables.js";
import type { FileToRender } from "../variants/request-variants.js";

/**
 * Live files whose variants are pending, in the order of their ids. Every tenant's: for the job, which has no viewer.
 */
export async function listUnrendered(
  db: Database,
  waitingSince: Date,
  after: string | null,
  limit: number,
): Promise<FileToRender[]> {
  return db
    .select({ id: mediaFiles.id, companyId: mediaFiles.companyId })
    .from(mediaFiles)
    .where(
      and(
        eq(mediaFiles.variantsStatus, "PENDING"),
        isNull(mediaFiles.deletedAt),
        // Others are rendered when their scan has ended, or never.
        sql`not exists (select from ${blobs} where ${blobs.id} = ${mediaFiles.blobId}
          and ${blobs.scanStatus} in ('PENDING', 'INFECTED', 'QUARANTINED'))`,
        lt(mediaFiles.updatedAt, waitingSince),
        after === null ? undefined : gt(mediaFiles.id, after),
      ),
    )
    .orderBy(asc(mediaFiles.id))
    .limit(limit);
}
