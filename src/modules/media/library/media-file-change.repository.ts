import { and, eq, gt, isNull, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { hasNoUsages } from "../media-file.repository.js";
import type { MediaFileRow } from "../media-file.tables.js";
import { mediaFiles } from "../media-file.tables.js";

export type MediaFileChanges = Partial<Pick<MediaFileRow, "fileName" | "expiresAt">>;

/** @returns false if it has been deleted meanwhile */
export async function updateMediaFile(
  tx: Database,
  companyId: string,
  id: string,
  changes: MediaFileChanges,
): Promise<boolean> {
  const updated = await tx
    .update(mediaFiles)
    .set({ ...changes, updatedAt: sql`now()` })
    .where(and(eq(mediaFiles.companyId, companyId), eq(mediaFiles.id, id), isNull(mediaFiles.deletedAt)))
    .returning({ id: mediaFiles.id });
  return updated.length > 0;
}

/** @returns false if it is not deleted, was deleted before `deletedAfter` or with what uses it, or has been purged */
export async function restoreDeletedMediaFile(
  tx: Database,
  companyId: string,
  id: string,
  deletedAfter: Date,
): Promise<boolean> {
  const restored = await tx
    .update(mediaFiles)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        eq(mediaFiles.id, id),
        gt(mediaFiles.deletedAt, deletedAfter),
        hasNoUsages,
      ),
    )
    .returning({ id: mediaFiles.id });
  return restored.length > 0;
}
