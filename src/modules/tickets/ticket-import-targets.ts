import { gone, notFound } from "../../kernel/errors.js";
import { listAttachmentsOfFiles } from "../attachments/attachment.repository.js";
import type { AttachmentService } from "../attachments/attachment.service.js";
import type { ImportTarget, ImportTargets, TargetEntry } from "../media/import/import-targets.js";
import { findReply } from "./reply.repository.js";
import { findTicket } from "./ticket.repository.js";

export interface TicketImportDeps {
  readonly attachments: Pick<AttachmentService, "attachFiles">;
}

/** What tickets take from an import: files that become attachments of tickets and replies. */
export function createTicketImportTargets(deps: TicketImportDeps): Pick<ImportTargets, "ticket" | "reply"> {
  return { ticket: attachmentsOf("ticket", deps), reply: attachmentsOf("reply", deps) };
}

const attachmentsOf = (kind: "ticket" | "reply", { attachments }: TicketImportDeps): ImportTarget => ({
  bucket: "ATTACHMENTS",

  async admit(db, { companyId, resourceId, by }: TargetEntry) {
    const tenants = { companyIds: [companyId] };
    const reply = kind === "reply" ? await findReply(db, tenants, resourceId) : null;
    if (kind === "reply" && reply === null) throw notFound("reply");
    const ticket = await findTicket(db, tenants, by.id, reply?.ticketId ?? resourceId);
    if (ticket === null) throw notFound("ticket");
    if (ticket.deletedAt !== null || (reply !== null && reply.deletedAt !== null)) throw gone(kind);
  },

  /** Counting the files locks the ticket, and refuses one that has been deleted meanwhile. */
  async record(tx, { companyId, resourceId, by: viewer, description, createdAt }, files) {
    const parent = { kind, id: resourceId };
    const attaching = { viewer, companyId, parent, files, description, createdAt };
    const [attachmentId] = await attachments.attachFiles(tx, attaching);
    return attachmentId === undefined ? {} : { attachmentId };
  },

  async find(db, { companyId }, mediaFileId) {
    if (mediaFileId === null) return {};
    const [attachment] = await listAttachmentsOfFiles(db, { companyIds: [companyId] }, [mediaFileId]);
    return attachment ? { attachmentId: attachment.id } : {};
  },
});
