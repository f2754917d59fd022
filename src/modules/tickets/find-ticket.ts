import type { ActionOf } from "../../kernel/authorize.js";
import { authorize, readable } from "../../kernel/authorize.js";
import { gone } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { UserViewer, Viewer } from "../identity/viewer.js";
import { tenantsOf } from "../identity/viewer.js";
import type { ReplySubject } from "./reply.policy.js";
import { replyPolicy } from "./reply.policy.js";
import { findReply } from "./reply.repository.js";
import type { ReplyRow } from "./reply.tables.js";
import { ticketPolicy } from "./ticket.policy.js";
import type { TicketView } from "./ticket.repository.js";
import { findTicket } from "./ticket.repository.js";
import { lockTicket } from "./ticket-quota.repository.js";

type TicketAction = ActionOf<typeof ticketPolicy>;
type ReplyAction = ActionOf<typeof replyPolicy>;

export interface FoundTicket {
  readonly viewer: UserViewer;
  readonly ticket: TicketView;
}

/** Not authorised yet: any ticket of the viewer's tenants, deleted or not; null for viewers without an account. */
export async function lookUpTicket(db: Database, viewer: Viewer, id: string): Promise<TicketView | null> {
  return viewer.kind === "user" && isId(id) ? findTicket(db, tenantsOf(viewer), viewer.id, id) : null;
}

/** Null when it does not exist, is deleted, or may not be seen. @throws UNAUTHENTICATED */
export async function findReadableTicket(
  db: Database,
  viewer: Viewer,
  id: string,
): Promise<TicketView | null> {
  const ticket = readable(ticketPolicy, viewer, await lookUpTicket(db, viewer, id));
  return ticket?.deletedAt === null ? ticket : null;
}

/** @throws NOT_FOUND, FORBIDDEN, GONE for a ticket that has been deleted */
export async function requireTicket(
  db: Database,
  viewer: Viewer,
  id: string,
  action: TicketAction,
): Promise<FoundTicket> {
  const found = await lookUpTicket(db, viewer, id);
  const { viewer: by, subject: ticket } = authorize(ticketPolicy, action, viewer, found);
  if (ticket.deletedAt !== null) throw gone("ticket");
  return { viewer: by, ticket };
}

/** As `requireTicket`, under the ticket's lock, which is held until the transaction ends. */
export async function requireLockedTicket(
  tx: Database,
  viewer: Viewer,
  id: string,
  action: TicketAction,
): Promise<FoundTicket> {
  await lockTicket(tx, id);
  return requireTicket(tx, viewer, id, action);
}

export interface FoundReply extends FoundTicket {
  readonly reply: ReplyRow;
}

/** A reply, deleted or not. @throws NOT_FOUND, FORBIDDEN, GONE for one whose ticket has been deleted */
export async function requireAnyReply(
  db: Database,
  viewer: Viewer,
  id: string,
  action: ReplyAction,
): Promise<FoundReply> {
  const found = await lookUpReply(db, viewer, id);
  const { viewer: by, subject } = authorize(replyPolicy, action, viewer, found);
  if (subject.ticket.deletedAt !== null) throw gone("reply");
  return { viewer: by, ...subject };
}

/** As `requireAnyReply`. @throws GONE for a reply that has been deleted as well */
export async function requireReply(
  db: Database,
  viewer: Viewer,
  id: string,
  action: ReplyAction,
): Promise<FoundReply> {
  const found = await requireAnyReply(db, viewer, id, action);
  if (found.reply.deletedAt !== null) throw gone("reply");
  return found;
}

async function lookUpReply(db: Database, viewer: Viewer, id: string) {
  const reply = viewer.kind === "user" && isId(id) ? await findReply(db, tenantsOf(viewer), id) : null;
  const ticket = reply && (await lookUpTicket(db, viewer, reply.ticketId));
  return reply && ticket ? ({ reply, ticket } satisfies ReplySubject) : null;
}

/** A ticket that the caller has just made or changed. @throws GONE when somebody has purged it meanwhile */
export async function rereadTicket(db: Database, viewer: UserViewer, id: string): Promise<TicketView> {
  const ticket = await lookUpTicket(db, viewer, id);
  if (ticket === null) throw gone("ticket");
  return ticket;
}

/** As `rereadTicket`, for a reply. @throws GONE when somebody has purged it meanwhile */
export async function rereadReply(db: Database, viewer: UserViewer, id: string): Promise<ReplyRow> {
  const reply = await findReply(db, tenantsOf(viewer), id);
  if (reply === null) throw gone("reply");
  return reply;
}
