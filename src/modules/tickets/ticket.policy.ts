import type { Policy } from "../../kernel/authorize.js";
import type { Viewer } from "../identity/viewer.js";
import { isManagerOf, isMemberOf, isStaffOf, isUser } from "../identity/viewer.js";
import type { TicketRow } from "./ticket.tables.js";

/** A ticket, and whether the viewer is one of its participants. */
export type TicketSubject = Pick<TicketRow, "companyId" | "requesterId" | "deletedAt"> & {
  readonly isParticipant: boolean;
};

const staff = (viewer: Viewer, ticket: TicketSubject) => isStaffOf(viewer, ticket.companyId);
const manager = (viewer: Viewer, ticket: TicketSubject) => isManagerOf(viewer, ticket.companyId);
const requester = (viewer: Viewer, ticket: TicketSubject) =>
  isUser(viewer, ticket.requesterId) && isMemberOf(viewer, ticket.companyId);
const takesPart = (viewer: Viewer, ticket: TicketSubject) =>
  requester(viewer, ticket) || (ticket.isParticipant && isMemberOf(viewer, ticket.companyId));

export const ticketPolicy = {
  subject: "ticket",
  viewers: ["user"],
  read: (viewer: Viewer, ticket: TicketSubject) => staff(viewer, ticket) || takesPart(viewer, ticket),
  /** To subscribe to its events; those of a deleted ticket are for viewers who may restore it. */
  subscribe: (viewer: Viewer, ticket: TicketSubject) =>
    ticket.deletedAt === null ? staff(viewer, ticket) || takesPart(viewer, ticket) : manager(viewer, ticket),
  /** Its subject and description. */
  edit: (viewer: Viewer, ticket: TicketSubject) => staff(viewer, ticket) || requester(viewer, ticket),
  /** Status, priority and assignee. */
  triage: staff,
  /** Closing it, or opening it again. */
  closeOrReopen: (viewer: Viewer, ticket: TicketSubject) =>
    staff(viewer, ticket) || requester(viewer, ticket),
  reply: (viewer: Viewer, ticket: TicketSubject) => staff(viewer, ticket) || takesPart(viewer, ticket),
  replyInternally: staff,
  attach: (viewer: Viewer, ticket: TicketSubject) => staff(viewer, ticket) || requester(viewer, ticket),
  manageParticipants: staff,
  delete: manager,
  restore: manager,
} satisfies Policy<Viewer, TicketSubject>;

/** The right to open a ticket depends on the company, because the ticket does not exist yet. */
export const companyTicketPolicy = {
  subject: "company",
  viewers: ["user"],
  read: (viewer: Viewer, company: { id: string }) => isMemberOf(viewer, company.id),
  openTicket: (viewer: Viewer, company: { id: string }) => isMemberOf(viewer, company.id),
} satisfies Policy<Viewer, { id: string }>;
