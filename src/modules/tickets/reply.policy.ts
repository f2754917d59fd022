import type { Policy } from "../../kernel/authorize.js";
import type { Viewer } from "../identity/viewer.js";
import { isDeletedByOther, isManagerOf, isStaffOf, isUser } from "../identity/viewer.js";
import type { ReplyRow } from "./reply.tables.js";
import type { TicketSubject } from "./ticket.policy.js";
import { ticketPolicy } from "./ticket.policy.js";

/** A reply and the ticket that it answers. */
export interface ReplySubject {
  readonly reply: Pick<ReplyRow, "authorId" | "isInternal" | "deletedAt" | "deletedBy">;
  readonly ticket: TicketSubject;
}

const read = (viewer: Viewer, { reply, ticket }: ReplySubject) =>
  ticketPolicy.read(viewer, ticket) && (!reply.isInternal || isStaffOf(viewer, ticket.companyId));
const own = (viewer: Viewer, subject: ReplySubject) =>
  read(viewer, subject) && isUser(viewer, subject.reply.authorId);

export const replyPolicy = {
  subject: "reply",
  viewers: ["user"],
  read,
  edit: own,
  delete: (viewer: Viewer, subject: ReplySubject) =>
    own(viewer, subject) || isManagerOf(viewer, subject.ticket.companyId),
  restore: (viewer: Viewer, subject: ReplySubject) =>
    (own(viewer, subject) && !isDeletedByOther(viewer, subject.reply)) ||
    isManagerOf(viewer, subject.ticket.companyId),
  attach: (viewer: Viewer, subject: ReplySubject) =>
    own(viewer, subject) || isStaffOf(viewer, subject.ticket.companyId),
} satisfies Policy<Viewer, ReplySubject>;
