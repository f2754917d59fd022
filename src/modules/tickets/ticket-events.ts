import type { Database } from "../../platform/database/client.js";
import { happened } from "../../platform/events/log/record-event.js";
import type { ReplyRow } from "./reply.tables.js";

/** What is told to those who follow a ticket. */
export type TicketEventType =
  | "ticket.updated"
  | "ticket.deleted"
  | "ticket.restored"
  | "reply.added"
  | "reply.updated"
  | "reply.deleted"
  | "attachment.added"
  | "attachment.updated"
  | "attachment.deleted"
  | "attachment.restored"
  | "post.added"
  | "post.updated"
  | "post.deleted"
  | "participant.joined"
  | "participant.left";

/** The ids that an event names; what is internal says so, because an id alone tells that something is there. */
export interface TicketEventPayload {
  readonly replyId?: string;
  readonly attachmentId?: string;
  readonly postId?: string;
  readonly userId?: string;
  readonly isInternal?: true;
}

/** Says in a transaction what it does to a ticket, or to what hangs on it. */
export function ticketHappened(
  tx: Database,
  { id, companyId }: { readonly id: string; readonly companyId: string },
  type: TicketEventType,
  payload: TicketEventPayload = {},
): void {
  happened(tx, { topic: `ticket:${id}`, companyId, type, payload: { ...payload } });
}

/** Says in a transaction what it does to a reply. */
export function replyHappened(
  tx: Database,
  { id, ticketId, companyId, isInternal }: Pick<ReplyRow, "id" | "ticketId" | "companyId" | "isInternal">,
  type: Extract<TicketEventType, `reply.${string}`>,
): void {
  const payload = { replyId: id, ...(isInternal && { isInternal }) };
  ticketHappened(tx, { id: ticketId, companyId }, type, payload);
}
