import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";
import { tenantsReachedBy } from "../identity/viewer.js";
import type { UsageVerdict } from "../media/media-file.policy.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";
import { parentOf } from "./find-attachment.js";
import type { AttachmentParents } from "./parents.js";

/** What this module says of a media file: readable through an attachment, deleted with all of them, or hidden. */
export function createAttachmentVerdict({
  db,
  parents,
}: {
  readonly db: Database;
  readonly parents: AttachmentParents;
}) {
  return async (viewer: Viewer, mediaFileId: string): Promise<UsageVerdict | null> => {
    const attachments = await listAttachmentsOfFiles(db, tenantsReachedBy(viewer), [mediaFileId]);
    if (attachments.length === 0) return null;
    const states = await parents.statesFor(viewer, attachments.map(parentOf));
    const known = attachments.filter((attachment) => states.has(parentOf(attachment).id));
    if (known.length === 0) return "hidden";
    const readable = known.some(
      (row) => row.deletedAt === null && states.get(parentOf(row).id) === "readable",
    );
    return readable ? "readable" : "deleted";
  };
}
