import { and, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { hasNoActiveUsages, hasUsages, lockMediaFiles } from "./media-file.repository.js";
import { mediaFiles } from "./media-file.tables.js";
import { mediaUsages } from "./media-usage.tables.js";

/** Something of a company that uses files, such as an attachment. */
export interface UsingResource {
  readonly resourceType: string;
  readonly resourceId: string;
}

const usagesBy = (companyId: string, resources: readonly UsingResource[]) =>
  and(
    eq(mediaUsages.companyId, companyId),
    isAnyOf(mediaUsages.resourceType, [...new Set(resources.map(({ resourceType }) => resourceType))]),
    isAnyOf(
      mediaUsages.resourceId,
      resources.map(({ resourceId }) => resourceId),
    ),
  );

/** @returns the ids of the files whose usages are suspended from now on, and were not before */
export async function suspendUsages(
  tx: Database,
  companyId: string,
  resources: readonly UsingResource[],
): Promise<string[]> {
  const suspended = await tx
    .update(mediaUsages)
    .set({ suspendedAt: sql`now()`, updatedAt: sql`now()` })
    .where(and(usagesBy(companyId, resources), isNull(mediaUsages.suspendedAt)))
    .returning({ mediaFileId: mediaUsages.mediaFileId });
  return suspended.map(({ mediaFileId }) => mediaFileId);
}

/** @returns the ids of the files whose usages were suspended until now */
export async function resumeUsages(
  tx: Database,
  companyId: string,
  resources: readonly UsingResource[],
): Promise<string[]> {
  const resumed = await tx
    .update(mediaUsages)
    .set({ suspendedAt: null, updatedAt: sql`now()` })
    .where(and(usagesBy(companyId, resources), isNotNull(mediaUsages.suspendedAt)))
    .returning({ mediaFileId: mediaUsages.mediaFileId });
  return resumed.map(({ mediaFileId }) => mediaFileId);
}

/** Soft-deletes a file that suspended usages alone use. @returns false when there is none, another one, or it was deleted before */
export async function softDeleteSuspendedMediaFile(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<boolean> {
  await lockMediaFiles(tx, [id]);
  const deleted = await tx
    .update(mediaFiles)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        eq(mediaFiles.id, id),
        isNull(mediaFiles.deletedAt),
        hasUsages,
        hasNoActiveUsages,
      ),
    )
    .returning({ id: mediaFiles.id });
  return deleted.length > 0;
}
