import { tenantsReachedBy } from "../identity/viewer.js";
import type { DecideAccess } from "../media/access-decisions.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";
import { parentOf } from "./find-attachment.js";
import type { AttachmentParents } from "./parents.js";

/** Decides on a media file: readable through an attachment, deleted with all of them, or hidden. */
export function createAttachmentAccess({ parents }: { readonly parents: AttachmentParents }): DecideAccess {
  return async (db, viewer, mediaFileId) => {
    const attachments = await listAttachmentsOfFiles(db, tenantsReachedBy(viewer), [mediaFileId]);
    if (attachments.length === 0) return null;
    const states = await parents.statesFor(db, viewer, attachments.map(parentOf));
    const known = attachments.filter((attachment) => states.has(parentOf(attachment).id));
    if (known.length === 0) return "hidden";
    const readable = known.some(
      (row) => row.deletedAt === null && states.get(parentOf(row).id) === "readable",
    );
    return readable ? "readable" : "deleted";
  };
}
