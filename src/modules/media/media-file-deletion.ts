import type { Database } from "../../platform/database/client.js";
import { recordFileEvents } from "./media-file.events.js";
import * as repository from "./media-file.repository.js";

/**
 * Soft-deletes a media file that nothing but suspended usages uses, and records the event.
 *
 * @returns false if something uses it, or if it was deleted already
 */
export async function softDeleteMediaFileIfUnused(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<boolean> {
  const deleted = await repository.softDeleteIdleMediaFiles(tx, companyId, [id], deletedBy);
  recordFileEvents(tx, companyId, "file.deleted", deleted);
  return deleted.length > 0;
}

/** Restores a media file and records the event, unless it is not deleted. @returns false if it has been purged */
export async function restoreMediaFile(tx: Database, companyId: string, id: string): Promise<boolean> {
  const restored = await repository.restoreMediaFile(tx, companyId, id);
  if (restored) recordFileEvents(tx, companyId, "file.restored", [id]);
  return restored !== null;
}
