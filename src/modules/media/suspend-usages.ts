import type { Database } from "../../platform/database/client.js";
import { recordFileEvents } from "./media-file.events.js";
import { restoreMediaFiles, softDeleteIdleMediaFiles } from "./media-file.repository.js";
import type { UsingResource } from "./suspended-usage.repository.js";
import * as repository from "./suspended-usage.repository.js";

/**
 * Suspends the usages by resources that go out of reach, and may come back. Files that nothing else uses are
 * soft-deleted with them, and stay unpurged for as long as they may come back. All that hangs on one lock belongs into
 * one call, which locks the files in the order in which everybody does.
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

/** Takes back what `suspendUsages` did: a file that is used can only have been deleted with all that uses it. */
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

/** Ids sort by the moment at which they were made. */
const inOrderOfMaking = (ids: readonly string[]): string[] => [...ids].sort();

/** Soft-deletes a file that suspended usages alone use: the last other usage has been removed. */
export async function softDeleteIfSuspended(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<void> {
  if (await repository.softDeleteSuspendedMediaFile(tx, companyId, id, deletedBy))
    recordFileEvents(tx, companyId, "file.deleted", [id]);
}
