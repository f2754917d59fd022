import type { FindDeletedUser } from "../media/library/deletion-ports.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";
import { parentOf } from "./find-attachment.js";
import type { AttachmentParents } from "./parents.js";

/** Finds the attachment that a deleted file is restored with, or the reply that is to be restored before. */
export function createFindDeletedAttachment({
  parents,
}: {
  readonly parents: AttachmentParents;
}): FindDeletedUser {
  return async (db, viewer, { id, companyId }) => {
    // A file is attached when it is uploaded, and only then.
    const [attachment] = await listAttachmentsOfFiles(db, { companyIds: [companyId] }, [id]);
    if (attachment === undefined || attachment.deletedAt === null) return null;
    const parent = parentOf(attachment);
    const isParentDeleted = (await parents.statesFor(db, viewer, [parent])).get(parent.id) === "deleted";
    if (isParentDeleted && parent.kind === "message")
      return { kind: "message", id: parent.id, restoredBy: null };
    if (isParentDeleted && parent.kind === "reply")
      return { kind: "reply", id: parent.id, restoredBy: "restoreReply" };
    return { kind: "attachment", id: attachment.id, restoredBy: "restoreAttachment" };
  };
}
