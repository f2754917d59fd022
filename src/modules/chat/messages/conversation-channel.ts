import type { Database } from "../../../platform/database/client.js";
import type { Channel, EventPayload, Signal } from "../../../platform/events/feed/channel.js";
import { PRESENCE_CHANGED } from "../../../platform/events/feed/channel.js";
import type { LoggedEvent } from "../../../platform/events/log/event-log.repository.js";
import type { AttachmentView } from "../../attachments/attachment.repository.js";
import { listAttachments } from "../../attachments/attachment.repository.js";
import type { ActorView } from "../../identity/actor.types.js";
import { listGuests } from "../../identity/guests/guest.repository.js";
import { listPeople } from "../../identity/users/user.repository.js";
import type { Viewer } from "../../identity/viewer.js";
import { conversationPolicy } from "../conversations/conversation.policy.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { findConversation } from "../conversations/conversation.repository.js";
import type {
  ActorPayload,
  ConversationEventPayload,
  ConversationEventType,
} from "../conversations/conversation-events.js";
import { CONVERSATION, idOfActor, TYPING } from "../conversations/conversation-events.js";
import { findParticipation } from "../conversations/conversation-participant.repository.js";
import { requireConversation } from "../conversations/find-conversation.js";
import type { ChatMessageView } from "./chat-message.repository.js";
import { listMessagesOfConversation } from "./chat-message.repository.js";

/** What happens in conversations, for those who follow it. */
export const createConversationChannel = ({ db }: { readonly db: Database }): Channel<Viewer> => ({
  kind: CONVERSATION,

  async admit(viewer, id) {
    await requireConversation(db, viewer, id, "read");
  },

  readers: (id, viewers) => readers(db, id, viewers),

  async toPayloads(id, events) {
    const today = await findToday(db, id, events);
    return events.map((event) => payloadOf(event as unknown as ConversationEvent, today));
  },

  async toSignalPayload(_id, { type, payload }) {
    const { userId, guestId } = idsIn(payload);
    const actor = (await findActors(db, [userId ?? []].flat(), [guestId ?? []].flat())).values().next().value;
    if (actor === undefined) return null;
    if (type === TYPING) return eventPayload("TypingStarted", { actor });
    return type === PRESENCE_CHANGED
      ? eventPayload("PresenceChanged", { actor, isOnline: payload.isOnline === true })
      : null;
  },

  presenceOf: (viewer) => (viewer.kind === "anonymous" ? null : idOfActor(viewer)),

  /** Nobody is told of their own typing, coming and going. */
  isVisibleTo: (viewer, event) =>
    viewer.kind !== "anonymous" &&
    !(isOfActor(event) && event.actor.id === viewer.id && TRANSIENT.has(event.__typename)),
});

const TRANSIENT = new Set(["TypingStarted", "PresenceChanged"]);
const isOfActor = (event: EventPayload): event is EventPayload & { actor: ActorView } => "actor" in event;

/** Guests are bound to theirs by what they are; of the others one statement tells who takes part. */
async function readers(db: Database, id: string, viewers: readonly Viewer[]): Promise<boolean[]> {
  const people = viewers.flatMap((viewer) => (viewer.kind === "user" ? viewer.id : []));
  const found = people.length > 0 ? await findParticipation(db, id, [...new Set(people)]) : null;
  return viewers.map((viewer) => {
    if (viewer.kind === "guest") return viewer.conversationId === id;
    if (viewer.kind === "anonymous" || found === null) return false;
    const { companyId, participants } = found;
    return conversationPolicy.read(viewer, { id, companyId, isParticipant: participants.has(viewer.id) });
  });
}

/** What events name, as it is now. */
interface Today {
  readonly messages: ReadonlyMap<string, ChatMessageView>;
  readonly attachments: ReadonlyMap<string, AttachmentView>;
  readonly actors: ReadonlyMap<string, ActorView>;
  readonly conversation: ConversationView | null;
}

const idsIn = (payload: LoggedEvent["payload"] | Signal["payload"]) =>
  payload as Readonly<Partial<Record<"messageId" | "attachmentId" | "userId" | "guestId", string>>>;

/** One statement for each kind of thing that is named, whatever the number of events. */
async function findToday(db: Database, id: string, events: readonly LoggedEvent[]): Promise<Today> {
  const named = (key: keyof ReturnType<typeof idsIn>, prefix: string) => [
    ...new Set(
      events.flatMap(({ type, payload }) => (type.startsWith(prefix) ? (idsIn(payload)[key] ?? []) : [])),
    ),
  ];
  const messageIds = named("messageId", "message.");
  const attachmentIds = named("attachmentId", "attachment.restored");
  const needsConversation = events.some(({ type }) => type.startsWith("conversation."));
  const [messages, attachments, actors, conversation] = await Promise.all([
    messageIds.length > 0 ? listMessagesOfConversation(db, id, messageIds) : [],
    attachmentIds.length > 0 ? listAttachments(db, "every company", attachmentIds) : [],
    findActors(db, named("userId", "participant."), named("guestId", "participant.")),
    needsConversation ? findConversation(db, { tenants: "every company", userId: null }, id) : null,
  ]);
  return { messages: byId(messages), attachments: byId(attachments), actors, conversation };
}

async function findActors(db: Database, userIds: readonly string[], guestIds: readonly string[]) {
  const [people, guests] = await Promise.all([
    userIds.length > 0 ? listPeople(db, userIds) : [],
    guestIds.length > 0 ? listGuests(db, guestIds) : [],
  ]);
  return byId<ActorView>([...people, ...guests]);
}

const byId = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
  new Map(rows.map((row) => [row.id, row]));

const eventPayload = (__typename: string, rest: object): EventPayload => ({ __typename, ...rest });

/** An event of a conversation, with the payload of its type. */
type ConversationEvent = {
  readonly [Type in ConversationEventType]: {
    readonly type: Type;
    readonly payload: ConversationEventPayload<Type>;
  };
}[ConversationEventType];

/** What is gone for good is told as that, so that every entry of the log is told. */
function payloadOf({ type, payload }: ConversationEvent, today: Today): EventPayload | null {
  const { conversation } = today;
  switch (type) {
    case "message.added":
      return payloadOfMessage("MessageAdded", payload, today);
    case "message.updated":
      return payloadOfMessage("MessageUpdated", payload, today);
    case "message.deleted":
      return payloadOfMessage("MessageDeleted", payload, today);
    case "message.purged":
      return eventPayload("MessagePurged", { messageId: payload.messageId });
    case "attachment.deleted":
      return payloadOfDeleted(payload);
    case "attachment.restored":
      return payloadOfRestored(payload, today);
    case "participant.joined":
      return tellOfActor("ParticipantJoined", payload, today);
    case "participant.left":
      return tellOfActor("ParticipantLeft", payload, today);
    case "conversation.closed":
      return conversation && eventPayload("ConversationClosed", { conversation });
    case "conversation.reopened":
      return conversation && eventPayload("ConversationReopened", { conversation });
    default:
      return null;
  }
}

function payloadOfMessage(
  typename: string,
  { messageId }: ConversationEventPayload<"message.added">,
  { messages }: Today,
): EventPayload {
  const message = messages.get(messageId);
  return message ? eventPayload(typename, { message }) : eventPayload("MessagePurged", { messageId });
}

/** One that has been deleted again since is out of reach. */
function payloadOfRestored(
  payload: ConversationEventPayload<"attachment.restored">,
  { attachments }: Today,
): EventPayload {
  const attachment = attachments.get(payload.attachmentId);
  return attachment && attachment.deletedAt === null
    ? eventPayload("AttachmentRestored", { attachment })
    : payloadOfDeleted(payload);
}

const payloadOfDeleted = ({
  attachmentId,
  messageId,
}: ConversationEventPayload<"attachment.deleted">): EventPayload =>
  eventPayload("AttachmentDeleted", { attachmentId, messageId });

/** Rows of people and of guests outlive their conversation's events: one that cannot be found never existed. */
function tellOfActor(typename: string, payload: ActorPayload, { actors }: Today): EventPayload | null {
  const actor = actors.get("userId" in payload ? payload.userId : payload.guestId);
  return actor === undefined ? null : eventPayload(typename, { actor });
}
