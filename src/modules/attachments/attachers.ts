import type { AttachmentKeeper } from "../media/library/attachment-keeper.js";
import { mayReplaceFileOf } from "./attachment.policy.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";

/** A file is attached in the moment in which it is uploaded, and never later. */
export const attachers: AttachmentKeeper = {
  async mayReplace(db, viewer, { id, companyId }) {
    const attachments = await listAttachmentsOfFiles(db, { companyIds: [companyId] }, [id]);
    return attachments.every((attachment) => mayReplaceFileOf(viewer, attachment));
  },
};
