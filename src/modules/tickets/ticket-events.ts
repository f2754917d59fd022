import type { Database } from "../../platform/database/client.js";
import { recordEvent } from "../../platform/events/log/record-event.js";
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

/** Says so in the payload, because an id alone tells that something exists. */
interface MaybeInternal {
  readonly isInternal?: true;
}
export interface ReplyPayload extends MaybeInternal {
  readonly replyId: string;
}
export interface AttachmentPayload extends MaybeInternal {
  readonly attachmentId: string;
  /** The reply that it is attached to; none if it is attached to the ticket itself. */
  readonly replyId?: string;
}
export interface PostPayload {
  readonly postId: string;
}
export interface ParticipantPayload {
  readonly userId: string;
}

/** The ids that an event contains. */
export type TicketEventPayload<Type extends TicketEventType> = Type extends `reply.${string}`
  ? ReplyPayload
  : Type extends `attachment.${string}`
    ? AttachmentPayload
    : Type extends `post.${string}`
      ? PostPayload
      : Type extends `participant.${string}`
        ? ParticipantPayload
        : Readonly<Record<string, never>>;

/** Says in a transaction what it does to a ticket, or to what hangs on it. */
export function recordTicketEvent<Type extends TicketEventType>(
  tx: Database,
  { id, companyId }: { readonly id: string; readonly companyId: string },
  type: Type,
  payload: TicketEventPayload<Type>,
): void {
  recordEvent(tx, { topic: `ticket:${id}`, companyId, type, payload: { ...payload } });
}

/** Says in a transaction what it does to a reply. */
export function recordReplyEvent(
  tx: Database,
  { id, ticketId, companyId, isInternal }: Pick<ReplyRow, "id" | "ticketId" | "companyId" | "isInternal">,
  type: Extract<TicketEventType, `reply.${string}`>,
): void {
  const payload: ReplyPayload = { replyId: id, ...(isInternal && { isInternal }) };
  recordTicketEvent(tx, { id: ticketId, companyId }, type, payload);
}
