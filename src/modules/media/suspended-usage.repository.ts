import { and, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { filesHappened } from "./file-events.js";
import { idle, lockMediaFiles, used } from "./media-file.repository.js";
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

/**
 * Says that what uses files goes out of reach, and may come back. Files that nothing else uses are deleted with it,
 * and stay unpurged for as long as it may come back. All that hangs on one lock belongs into one call, which locks
 * the files in the order in which everybody does.
 */
export async function suspendUsages(
  tx: Database,
  companyId: string,
  resources: readonly UsingResource[],
  deletedBy: string,
): Promise<void> {
  if (resources.length === 0) return;
  const suspended = await tx
    .update(mediaUsages)
    .set({ suspendedAt: sql`now()`, updatedAt: sql`now()` })
    .where(and(usagesBy(companyId, resources), isNull(mediaUsages.suspendedAt)))
    .returning({ mediaFileId: mediaUsages.mediaFileId });
  const ids = suspended.map(({ mediaFileId }) => mediaFileId);
  await lockMediaFiles(tx, ids);
  const deleted = await tx
    .update(mediaFiles)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        isAnyOf(mediaFiles.id, ids),
        isNull(mediaFiles.deletedAt),
        idle,
      ),
    )
    .returning({ id: mediaFiles.id });
  filesHappened(tx, companyId, "file.deleted", idsOf(deleted));
}

/** Takes back what `suspendUsages` did: a file that is used can only have been deleted with all that uses it. */
export async function resumeUsages(
  tx: Database,
  companyId: string,
  resources: readonly UsingResource[],
): Promise<void> {
  if (resources.length === 0) return;
  const resumed = await tx
    .update(mediaUsages)
    .set({ suspendedAt: null, updatedAt: sql`now()` })
    .where(and(usagesBy(companyId, resources), isNotNull(mediaUsages.suspendedAt)))
    .returning({ mediaFileId: mediaUsages.mediaFileId });
  const ids = resumed.map(({ mediaFileId }) => mediaFileId);
  await lockMediaFiles(tx, ids);
  const restored = await tx
    .update(mediaFiles)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(
      and(eq(mediaFiles.companyId, companyId), isAnyOf(mediaFiles.id, ids), isNotNull(mediaFiles.deletedAt)),
    )
    .returning({ id: mediaFiles.id });
  filesHappened(tx, companyId, "file.restored", idsOf(restored));
}

/** In the order in which they were made, as everybody is told of them. */
const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id).sort();

/** Deletes a file that is used by nothing but what is out of reach: the last that used it besides has let it go. */
export async function deleteSuspendedMediaFile(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<void> {
  await lockMediaFiles(tx, [id]);
  const deleted = await tx
    .update(mediaFiles)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(
      and(
        eq(mediaFiles.companyId, companyId),
        eq(mediaFiles.id, id),
        isNull(mediaFiles.deletedAt),
        used,
        idle,
      ),
    )
    .returning({ id: mediaFiles.id });
  filesHappened(tx, companyId, "file.deleted", idsOf(deleted));
}
