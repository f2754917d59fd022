import type { OnScanned } from "../media/scanning/announce-scan.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";
import { parentOf } from "./find-attachment.js";
import type { AttachmentParents } from "./parents.js";

/** Records that the attachments of scanned files have changed: who could not see them before learns of them now. */
export const announceAttachmentScans =
  (parents: Pick<AttachmentParents, "onAttachmentChanged">): OnScanned =>
  async (tx, companyId, mediaFileIds) => {
    const attachments = await listAttachmentsOfFiles(tx, { companyIds: [companyId] }, mediaFileIds);
    for (const attachment of attachments)
      if (attachment.deletedAt === null) {
        const event = { companyId, attachmentId: attachment.id, what: "updated" } as const;
        await parents.onAttachmentChanged(tx, parentOf(attachment), event);
      }
  };
