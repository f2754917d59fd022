import type { Database } from "../../../platform/database/client.js";
import type { UserViewer } from "../../identity/viewer.js";
import { restoreMediaFile, softDeleteMediaFileIfUnused } from "../../media/media-file-deletion.js";
import { deleteUsage, lockMediaFileForUse } from "../../media/media-usage.repository.js";
import type { PostRow } from "./post.tables.js";
import { wasUploadedForUse } from "./post-file-origin.repository.js";
import { usageOf } from "./post-usage.js";

/**
 * Releases a file of a post. It is deleted unless something else uses it or it was in the library before: who may
 * delete a post may not be allowed to delete files of the library.
 */
export async function releaseFile(
  tx: Database,
  by: UserViewer,
  post: Pick<PostRow, "id" | "companyId" | "kind">,
  mediaFileId: string,
): Promise<void> {
  await deleteUsage(tx, usageOf(post, mediaFileId));
  if (await wasUploadedForUse(tx, post.companyId, mediaFileId))
    await softDeleteMediaFileIfUnused(tx, post.companyId, mediaFileId, by.id);
}

/**
 * Takes a file back into a post that is being restored.
 *
 * @returns false when it has been purged, or deleted from the library, where restoring it has its own rule
 */
export const reclaimFile = async (
  tx: Database,
  by: UserViewer,
  companyId: string,
  mediaFileId: string,
): Promise<boolean> =>
  (await wasUploadedForUse(tx, companyId, mediaFileId))
    ? restoreMediaFile(tx, by, companyId, mediaFileId)
    : lockMediaFileForUse(tx, companyId, mediaFileId);
