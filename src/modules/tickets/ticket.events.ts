import type { Database } from "../../platform/database/client.js";
import { recordEvent } from "../../platform/events/log/record-event.js";
import type { ReplyRow } from "./reply.tables.js";

/** The events of a ticket's topic. */
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

/** Marked in the event, because even an id would disclose that something internal exists. */
interface MaybeInternal {
  readonly isInternal?: true;
}
export interface ReplyIds extends MaybeInternal {
  readonly replyId: string;
}
export interface AttachmentIds extends MaybeInternal {
  readonly attachmentId: string;
  /** The reply that it is attached to; none if it is attached to the ticket itself. */
  readonly replyId?: string;
}
export interface PostIds {
  readonly postId: string;
}
export interface ParticipantIds {
  readonly userId: string;
}

/** What an event contains: ids, whose objects are read when it is delivered. */
export type TicketEventIds<Type extends TicketEventType> = Type extends `reply.${string}`
  ? ReplyIds
  : Type extends `attachment.${string}`
    ? AttachmentIds
    : Type extends `post.${string}`
      ? PostIds
      : Type extends `participant.${string}`
        ? ParticipantIds
        : Readonly<Record<string, never>>;

/** Records in a transaction what it does to a ticket, or to what belongs to it. */
export function recordTicketEvent<Type extends TicketEventType>(
  tx: Database,
  { id, companyId }: { readonly id: string; readonly companyId: string },
  type: Type,
  ids: TicketEventIds<Type>,
): void {
  recordEvent(tx, { topic: `ticket:${id}`, companyId, type, payload: { ...ids } });
}

/** Begins the topic of a ticket. */
export const TICKET_OPENED = "ticket.opened";

/** Records that a ticket is opened, in the transaction that opens it. */
export const recordTicketOpened = (
  tx: Database,
  { id, companyId }: { readonly id: string; readonly companyId: string },
): void =>
  recordEvent(tx, { topic: `ticket:${id}`, companyId, type: TICKET_OPENED, payload: {}, isBeginning: true });

/** Records in a transaction what it does to a reply, for the subscribers of its ticket. */
export function recordReplyEvent(
  tx: Database,
  { id, ticketId, companyId, isInternal }: Pick<ReplyRow, "id" | "ticketId" | "companyId" | "isInternal">,
  type: Extract<TicketEventType, `reply.${string}`>,
): void {
  const ids: ReplyIds = { replyId: id, ...(isInternal && { isInternal }) };
  recordTicketEvent(tx, { id: ticketId, companyId }, type, ids);
}
