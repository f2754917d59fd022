import { and, asc, eq, gt, isNull, lt } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { mediaFiles } from "../media-file.tables.js";

/** Files that live and wait for their variants, in the order of their ids. Every tenant's: for the job, which has no viewer. */
export async function listUnrendered(
  db: Database,
  waitingSince: Date,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ id: mediaFiles.id })
    .from(mediaFiles)
    .where(
      and(
        eq(mediaFiles.variantsStatus, "PENDING"),
        isNull(mediaFiles.deletedAt),
        lt(mediaFiles.updatedAt, waitingSince),
        after === null ? undefined : gt(mediaFiles.id, after),
      ),
    )
    .orderBy(asc(mediaFiles.id))
    .limit(limit);
  return rows.map((row) => row.id);
}
