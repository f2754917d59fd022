import type { Database } from "../../../platform/database/client.js";
import { recordEvent, recordSignal } from "../../../platform/events/log/record-event.js";
import type { Actor } from "../../identity/viewer.js";

export const CONVERSATION = "conversation";

export type ConversationEventType =
  | "message.added"
  | "message.updated"
  | "message.deleted"
  | "message.purged"
  | "attachment.added"
  | "attachment.updated"
  | "attachment.deleted"
  | "attachment.restored"
  | "participant.joined"
  | "participant.left"
  | "conversation.closed"
  | "conversation.reopened";

/** What the topic of a conversation needs. */
export interface OwnedConversation {
  readonly id: string;
  readonly companyId: string;
}

const topicOf = ({ id }: OwnedConversation) => `${CONVERSATION}:${id}`;

export interface MessageIds {
  readonly messageId: string;
}
export interface AttachmentIds extends MessageIds {
  readonly attachmentId: string;
}
/** One of the two, as in `Authorship`. */
export type ActorIds = { readonly userId: string } | { readonly guestId: string };

/** What an event contains: ids, whose objects are read when it is delivered. */
export type ConversationEventIds<Type extends ConversationEventType> = Type extends `message.${string}`
  ? MessageIds
  : Type extends `attachment.${string}`
    ? AttachmentIds
    : Type extends `participant.${string}`
      ? ActorIds
      : Readonly<Record<string, never>>;

/** Records in a transaction what it does in a conversation, for its subscribers. */
export const recordConversationEvent = <Type extends ConversationEventType>(
  tx: Database,
  conversation: OwnedConversation,
  type: Type,
  ids: ConversationEventIds<Type>,
): void =>
  recordEvent(tx, {
    topic: topicOf(conversation),
    companyId: conversation.companyId,
    type,
    payload: { ...ids },
  });

/** Begins the topic of a conversation. */
export const CONVERSATION_STARTED = "conversation.started";

/** Records that a conversation is started, in the transaction that starts it. */
export const recordConversationStarted = (tx: Database, conversation: OwnedConversation): void =>
  recordEvent(tx, {
    topic: topicOf(conversation),
    companyId: conversation.companyId,
    type: CONVERSATION_STARTED,
    payload: {},
    isBeginning: true,
  });

export const TYPING = "typing";

export const idsOfActor = (actor: Actor): ActorIds =>
  actor.kind === "user" ? { userId: actor.id } : { guestId: actor.id };

/** Sends current subscribers the signal that somebody is typing. */
export const recordTyping = (tx: Database, conversation: OwnedConversation, actor: Actor): void =>
  recordSignal(tx, { topic: topicOf(conversation), type: TYPING, payload: { ...idsOfActor(actor) } });
