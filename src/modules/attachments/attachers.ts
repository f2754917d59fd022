import type { AttachmentKeeper } from "../media/library/attachment-keeper.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";

/** A file is attached in the moment in which it is uploaded, and never later. */
export const attachers: AttachmentKeeper = {
  async attachersOf(db, { id, companyId }) {
    const attachments = await listAttachmentsOfFiles(db, { companyIds: [companyId] }, [id]);
    return attachments.flatMap(({ uploaderId }) => uploaderId ?? []);
  },
};
