import type { Database } from "../../platform/database/client.js";
import { recordFileEvents } from "./media-file.events.js";
import { restoreMediaFiles, softDeleteIdleMediaFiles } from "./media-file.repository.js";
import type { UsingResource } from "./suspended-usage.repository.js";
import * as repository from "./suspended-usage.repository.js";

/**
 * Suspends the usages by resources that are deleted with a parent and can be restored with it. Files that nothing else
 * uses are soft-deleted with them, and not purged as long as they can be restored. Pass everything under one lock in
 * one call, which locks the files in the common order.
 */
export async function suspendUsages(
  tx: Database,
  companyId: string,
  resources: readonly UsingResource[],
  deletedBy: string,
): Promise<void> {
  if (resources.length === 0) return;
  const ids = await repository.suspendUsages(tx, companyId, resources);
  const deleted = await softDeleteIdleMediaFiles(tx, companyId, ids, deletedBy);
  recordFileEvents(tx, companyId, "file.deleted", inOrderOfMaking(deleted));
}

/** Reverses `suspendUsages`. A file that is used can only have been deleted together with all its usages. */
export async function resumeUsages(
  tx: Database,
  companyId: string,
  resources: readonly UsingResource[],
): Promise<void> {
  if (resources.length === 0) return;
  const ids = await repository.resumeUsages(tx, companyId, resources);
  const restored = await restoreMediaFiles(tx, companyId, ids);
  recordFileEvents(tx, companyId, "file.restored", inOrderOfMaking(restored));
}

/** Ids are in the order of their creation. */
const inOrderOfMaking = (ids: readonly string[]): string[] => [...ids].sort();

/** Soft-deletes a file that only suspended usages use, after its last other usage has been removed. */
export async function softDeleteIfSuspended(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<void> {
  if (await repository.softDeleteSuspendedMediaFile(tx, companyId, id, deletedBy))
    recordFileEvents(tx, companyId, "file.deleted", [id]);
}
