import type { Database } from "../../platform/database/client.js";
import type { AttachmentReplacement } from "../media/library/replacement-ports.js";
import { mayReplaceFileOf } from "./attachment.policy.js";
import { listAttachmentsOfFiles } from "./attachment.repository.js";
import { parentOf } from "./find-attachment.js";
import type { AttachmentParents } from "./parents.js";

export const createAttachmentReplacement = (parents: AttachmentParents): AttachmentReplacement => ({
  async mayReplace(db, viewer, { id, companyId }) {
    // A file is attached when it is uploaded, and never later.
    const attachments = await listAttachmentsOfFiles(db, { companyIds: [companyId] }, [id]);
    return attachments.every((attachment) => mayReplaceFileOf(viewer, attachment));
  },

  /** A parent's quota counts the bytes of its files: the parents of the file's attachments are locked. */
  async lockQuotas(tx: Database, companyId: string, mediaFileId: string) {
    const tenant = { companyIds: [companyId] };
    const before = await listAttachmentsOfFiles(tx, tenant, [mediaFileId]);
    // In the order of their ids, so that concurrent replacements do not deadlock.
    for (const attachment of before.sort((a, b) => (a.id < b.id ? -1 : 1)))
      await parents.lock(tx, parentOf(attachment));
    const locked = new Set(before.map(({ id }) => id));
    return async (bytes) => {
      for (const attachment of await listAttachmentsOfFiles(tx, tenant, [mediaFileId]))
        if (attachment.deletedAt === null && locked.has(attachment.id)) {
          await parents.countFiles(tx, parentOf(attachment), { files: 0, bytes });
          const event = { companyId, attachmentId: attachment.id, what: "updated" } as const;
          await parents.onAttachmentChanged(tx, parentOf(attachment), event);
        }
    };
  },
});
