import { tenantsReachedBy } from "../identity/viewer.js";
import type { VerdictOf } from "../media/usage-verdicts.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";
import { parentOf } from "./find-attachment.js";
import type { AttachmentParents } from "./parents.js";

/** What this module says of a media file: readable through an attachment, deleted with all of them, or hidden. */
export function createAttachmentVerdict({ parents }: { readonly parents: AttachmentParents }): VerdictOf {
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
