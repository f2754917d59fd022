import type { Database } from "../../../platform/database/client.js";
import type { EventPayload, Signal } from "../../../platform/events/feed/channel.js";
import { PRESENCE_CHANGED } from "../../../platform/events/feed/channel.js";
import type { LoggedEvent } from "../../../platform/events/log/event-log.repository.js";
import type { AttachmentView } from "../../attachments/attachment.repository.js";
import { listAttachments } from "../../attachments/attachment.repository.js";
import type { ActorView } from "../../identity/actor.types.js";
import { listGuests } from "../../identity/guests/guest.repository.js";
import { listPeople } from "../../identity/users/user.repository.js";
import type {
  ActorIds,
  AttachmentIds,
  ConversationEventIds,
  ConversationEventType,
  MessageIds,
} from "../conversations/conversation.events.js";
import { TYPING } from "../conversations/conversation.events.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { findConversation } from "../conversations/conversation.repository.js";
import type { ChatMessageView } from "./chat-message.repository.js";
import { listMessagesOfConversation } from "./chat-message.repository.js";

/** A member of the union `ConversationEvent` with its fields. */
type UnionMember = EventPayload & Readonly<Record<string, unknown>>;

/** The objects of events, as they are now. */
interface CurrentObjects {
  readonly messages: ReadonlyMap<string, ChatMessageView>;
  readonly attachments: ReadonlyMap<string, AttachmentView>;
  readonly actors: ReadonlyMap<string, ActorView>;
  readonly conversation: ConversationView | null;
}

/**
 * The payloads of events of one conversation, with their objects as they are now. A message that has been purged since
 * is reported as purged. One statement for each kind of object, however many events there are.
 */
export async function toConversationPayloads(
  db: Database,
  id: string,
  events: readonly LoggedEvent[],
): Promise<(UnionMember | null)[]> {
  const current = await readCurrent(db, id, events);
  return events.map(({ type, payload }) => BY_LOGGED_TYPE[type]?.(current, payload as never) ?? null);
}

/** Null for a signal of an unknown type, or of an actor who does not exist. */
export async function toConversationSignalPayload(
  db: Database,
  { type, payload }: Signal,
): Promise<UnionMember | null> {
  const { userId, guestId } = idsOf(payload);
  const actors = await readActors(db, [userId ?? []].flat(), [guestId ?? []].flat());
  const [actor] = actors.values();
  if (actor === undefined) return null;
  if (type === TYPING) return { __typename: "TypingStarted", actor };
  return type === PRESENCE_CHANGED
    ? { __typename: "PresenceChanged", actor, isOnline: payload.isOnline === true }
    : null;
}

const idsOf = (payload: Signal["payload"]) =>
  payload as Readonly<Partial<Record<"messageId" | "attachmentId" | "userId" | "guestId", string>>>;

async function readCurrent(
  db: Database,
  id: string,
  events: readonly LoggedEvent[],
): Promise<CurrentObjects> {
  const named = (key: keyof ReturnType<typeof idsOf>, prefix: string) => [
    ...new Set(
      events.flatMap(({ type, payload }) => (type.startsWith(prefix) ? (idsOf(payload)[key] ?? []) : [])),
    ),
  ];
  const messageIds = named("messageId", "message.");
  const attachmentIds = named("attachmentId", "attachment.");
  const needsConversation = events.some(({ type }) => type.startsWith("conversation."));
  const [messages, attachments, actors, conversation] = await Promise.all([
    messageIds.length > 0 ? listMessagesOfConversation(db, id, messageIds) : [],
    attachmentIds.length > 0 ? listAttachments(db, "every company", attachmentIds) : [],
    readActors(db, named("userId", "participant."), named("guestId", "participant.")),
    needsConversation ? findConversation(db, { tenants: "every company", userId: null }, id) : null,
  ]);
  return { messages: byId(messages), attachments: byId(attachments), actors, conversation };
}

async function readActors(db: Database, userIds: readonly string[], guestIds: readonly string[]) {
  const [people, guests] = await Promise.all([
    userIds.length > 0 ? listPeople(db, userIds) : [],
    guestIds.length > 0 ? listGuests(db, guestIds) : [],
  ]);
  return byId<ActorView>([...people, ...guests]);
}

const byId = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
  new Map(rows.map((row) => [row.id, row]));

type ToPayload<Ids> = (current: CurrentObjects, ids: Ids) => UnionMember | null;

const TO_PAYLOAD: {
  readonly [Type in ConversationEventType]: ToPayload<ConversationEventIds<Type>>;
} = {
  "message.added": messageAs("MessageAdded"),
  "message.updated": messageAs("MessageUpdated"),
  "message.deleted": messageAs("MessageDeleted"),
  "message.purged": messagePurged,
  "attachment.added": attachmentAs("AttachmentAdded"),
  "attachment.updated": attachmentAs("AttachmentUpdated"),
  "attachment.deleted": attachmentDeleted,
  "attachment.restored": attachmentAs("AttachmentRestored"),
  "participant.joined": actorAs("ParticipantJoined"),
  "participant.left": actorAs("ParticipantLeft"),
  "conversation.closed": conversationAs("ConversationClosed"),
  "conversation.reopened": conversationAs("ConversationReopened"),
};

/** By the type of a logged event, which is any string. */
const BY_LOGGED_TYPE: Readonly<Record<string, ToPayload<never>>> = TO_PAYLOAD;

function messageAs(__typename: string): ToPayload<MessageIds> {
  return (current, ids) => {
    const message = current.messages.get(ids.messageId);
    return message === undefined ? messagePurged(current, ids) : { __typename, message };
  };
}

function messagePurged(_current: CurrentObjects, { messageId }: MessageIds): UnionMember {
  return { __typename: "MessagePurged", messageId };
}

function attachmentAs(__typename: string): ToPayload<AttachmentIds> {
  return (current, ids) => {
    const attachment = current.attachments.get(ids.attachmentId);
    return attachment?.deletedAt === null ? { __typename, attachment } : attachmentDeleted(current, ids);
  };
}

/** With the attachment until it is purged: who could not see it does not hear of its end either. */
function attachmentDeleted(
  { attachments }: CurrentObjects,
  { attachmentId, messageId }: AttachmentIds,
): UnionMember {
  const attachment = attachments.get(attachmentId);
  return { __typename: "AttachmentDeleted", attachmentId, messageId, ...(attachment && { attachment }) };
}

/** Null only for an actor who never existed: people are never removed, and guests only with their conversation. */
function actorAs(__typename: string): ToPayload<ActorIds> {
  return ({ actors }, ids) => {
    const actor = actors.get("userId" in ids ? ids.userId : ids.guestId);
    return actor === undefined ? null : { __typename, actor };
  };
}

function conversationAs(__typename: string): ToPayload<unknown> {
  return ({ conversation }) => conversation && { __typename, conversation };
}
