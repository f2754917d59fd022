import { forbidden } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";
import { isDeletedByOther, isManagerOf } from "../identity/viewer.js";
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

/**
 * Restores a media file and records the event, unless it is not deleted.
 *
 * @returns false if it has been purged
 * @throws FORBIDDEN if somebody else has deleted it from the library, unless the viewer manages the company: to restore
 *   what used it is no way around that
 */
export async function restoreMediaFile(
  tx: Database,
  by: Viewer,
  companyId: string,
  id: string,
): Promise<boolean> {
  const deletion = await repository.lockDeletion(tx, companyId, id);
  if (deletion && isDeletedByOther(by, deletion) && !isManagerOf(by, companyId))
    throw forbidden(
      "A file of it was deleted by somebody else, so only a manager of the company may restore it.",
      { mediaFileId: id },
    );
  const restored = await repository.restoreMediaFile(tx, companyId, id);
  if (restored) recordFileEvents(tx, companyId, "file.restored", [id]);
  return restored !== null;
}
