import type { Database } from "../../platform/database/client.js";
import { recordFileEvents } from "./media-file.events.js";
import * as repository from "./media-file.repository.js";

/**
 * Soft-deletes a media file that nothing in reach uses, and records the event.
 *
 * @returns false when something uses it, or when it was deleted already
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

/** Brings a media file back and records the event, unless it is not deleted. @returns false when it has been purged */
export async function restoreMediaFile(tx: Database, companyId: string, id: string): Promise<boolean> {
  const restored = await repository.restoreMediaFile(tx, companyId, id);
  if (restored) recordFileEvents(tx, companyId, "file.restored", [id]);
  return restored !== null;
}
