import type { Database } from "../../../platform/database/client.js";
import { recordEvent, recordSignal } from "../../../platform/events/log/record-event.js";
import type { Actor } from "../../identity/viewer.js";

export const CONVERSATION = "conversation";

export type ConversationEventType =
  | "message.added"
  | "message.updated"
  | "message.deleted"
  | "message.purged"
  | "attachment.deleted"
  | "attachment.restored"
  | "participant.joined"
  | "participant.left"
  | "conversation.closed"
  | "conversation.reopened";

/** What of a conversation its topic needs. */
export interface OwnedConversation {
  readonly id: string;
  readonly companyId: string;
}

const topicOf = ({ id }: OwnedConversation) => `${CONVERSATION}:${id}`;

interface MessagePayload {
  readonly messageId: string;
}
interface AttachmentPayload extends MessagePayload {
  readonly attachmentId: string;
}
/** How a payload names an actor. */
export type ActorPayload = { readonly userId: string } | { readonly guestId: string };

/** The ids that an event contains. */
export type ConversationEventPayload<Type extends ConversationEventType> = Type extends `message.${string}`
  ? MessagePayload
  : Type extends `attachment.${string}`
    ? AttachmentPayload
    : Type extends `participant.${string}`
      ? ActorPayload
      : Readonly<Record<string, never>>;

/** Says in a transaction what it does in a conversation, to those who follow it. */
export const recordConversationEvent = <Type extends ConversationEventType>(
  tx: Database,
  conversation: OwnedConversation,
  type: Type,
  payload: ConversationEventPayload<Type>,
): void =>
  recordEvent(tx, {
    topic: topicOf(conversation),
    companyId: conversation.companyId,
    type,
    payload: { ...payload },
  });

export const TYPING = "typing";

export const idOfActor = (actor: Actor): ActorPayload =>
  actor.kind === "user" ? { userId: actor.id } : { guestId: actor.id };

/** Says, to those who follow now, that somebody writes. */
export const typingIn = (tx: Database, conversation: OwnedConversation, actor: Actor): void =>
  recordSignal(tx, { topic: topicOf(conversation), type: TYPING, payload: { ...idOfActor(actor) } });
