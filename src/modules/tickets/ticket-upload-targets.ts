import { authorize } from "../../kernel/authorize.js";
import { isId } from "../../kernel/ids.js";
import { findCompany } from "../identity/companies/company.repository.js";
import type { AuthorizeUpload, UploadTargets } from "../media/uploads/upload-targets.js";
import { requireReply, requireTicket } from "./find-ticket.js";
import { companyTicketPolicy } from "./ticket.policy.js";
import type { TicketView } from "./ticket.repository.js";
import { refuseOverQuota } from "./ticket-parents.js";
import type { TicketQuota } from "./ticket-quota.repository.js";

/** What tickets take attachments for: new tickets, tickets, replies. */
export function createTicketUploadTargets({
  quota,
}: {
  readonly quota: TicketQuota;
}): Pick<UploadTargets, "ticket" | "reply" | "company"> {
  const refuseAttachment = (ticket: TicketView, bytes: number) => {
    const load = {
      files: ticket.attachmentCount + ticket.replyAttachmentCount,
      bytes: ticket.attachmentBytes + ticket.replyAttachmentBytes,
    };
    refuseOverQuota(load, quota, { files: 1, bytes });
  };

  /** Whoever may answer a ticket may do it with files; the mutation says whether they may attach to the ticket itself. */
  const forTicket: AuthorizeUpload = async (db, viewer, { id, size }) => {
    const { viewer: by, ticket } = await requireTicket(db, viewer, id, "reply");
    refuseAttachment(ticket, size);
    return { viewer: by, companyId: ticket.companyId };
  };
  const forReply: AuthorizeUpload = async (db, viewer, { id, size }) => {
    const { viewer: by, ticket } = await requireReply(db, viewer, id, "attach");
    refuseAttachment(ticket, size);
    return { viewer: by, companyId: ticket.companyId };
  };
  /** Every member may open a ticket; staff may also upload to the library. */
  const forNewTicket: AuthorizeUpload = async (db, viewer, { id }) => {
    const company = isId(id) ? await findCompany(db, id) : null;
    const live = company?.deletedAt === null ? company : null;
    const { viewer: by } = authorize(companyTicketPolicy, "openTicket", viewer, live);
    return { viewer: by, companyId: id };
  };
  return {
    ticket: { ATTACHMENTS: forTicket },
    reply: { ATTACHMENTS: forReply },
    company: { ATTACHMENTS: forNewTicket },
  };
}
