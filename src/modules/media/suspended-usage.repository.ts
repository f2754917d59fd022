import { and, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { hasNoActiveUsages, hasUsages, lockMediaFiles } from "./media-file.repository.js";
import { mediaFiles } from "./media-file.tables.js";
import { mediaUsages } from "./media-usage.tables.js";

/** A resource of a company that uses files, such as an attachment. */
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

/** @returns the ids of the files of the usages that were not suspended before */
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

/** @returns the ids of the files of the usages that were suspended */
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

/**
 * Soft-deletes a file that only suspended usages use. @returns false if it has no usage, has another one, or was
 * deleted before
 */
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
