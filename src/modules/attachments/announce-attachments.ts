import type { Database } from "../../platform/database/client.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";
import { parentOf } from "./find-attachment.js";
import type { AttachmentEvent, AttachmentParents } from "./parents.js";

/**
 * Records that the attachments of these files have changed, for those who follow what they are attached to: who could
 * not see them before learns of them now. Not of deleted ones.
 */
export const announceAttachments =
  (parents: Pick<AttachmentParents, "onAttachmentChanged">, what: AttachmentEvent["what"]) =>
  async (tx: Database, companyId: string, mediaFileIds: readonly string[]): Promise<void> => {
    const attachments = await listAttachmentsOfFiles(tx, { companyIds: [companyId] }, mediaFileIds);
    for (const attachment of attachments)
      if (attachment.deletedAt === null)
        await parents.onAttachmentChanged(tx, parentOf(attachment), {
          companyId,
          attachmentId: attachment.id,
          what,
        });
  };
