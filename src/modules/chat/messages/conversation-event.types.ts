import { createUnionType, Field, ObjectType } from "type-graphql";
import type { EventPayload } from "../../../platform/events/feed/channel.js";
import { ID } from "../../../platform/graphql/scalars.js";
import {
  AttachmentAdded,
  AttachmentDeleted,
  AttachmentRestored,
  AttachmentUpdated,
} from "../../attachments/attachment-event.types.js";
import { Actor } from "../../identity/actor.types.js";
import { ParticipantJoined, ParticipantLeft } from "../../identity/participant-event.types.js";
import { Conversation } from "../conversations/conversation.types.js";
import { ChatMessage } from "./chat-message.types.js";

const TODAY = "Contains the message as it is now, without a text that has been deleted since.";

@ObjectType({ description: `A message was sent. ${TODAY}`, simpleResolvers: true })
export class MessageAdded {
  @Field(() => ChatMessage, { description: "The message." })
  message!: ChatMessage;
}

@ObjectType({
  description: `A message, or the description of one of its files, was changed. ${TODAY}`,
  simpleResolvers: true,
})
export class MessageUpdated {
  @Field(() => ChatMessage, { description: "The message." })
  message!: ChatMessage;
}

@ObjectType({
  description: "A message was deleted with its files; its place in the thread is kept.",
  simpleResolvers: true,
})
export class MessageDeleted {
  @Field(() => ChatMessage, { description: "The message." })
  message!: ChatMessage;
}

@ObjectType({
  description: "A message was purged. This event also replaces all earlier events of the message.",
  simpleResolvers: true,
})
export class MessagePurged {
  // Nullable only in the schema: clients that select both need the same type as in `AttachmentDeleted`.
  @Field(() => ID, { nullable: true, description: "The message's id; never null." })
  messageId!: string;
}

@ObjectType({ description: "The conversation was closed.", simpleResolvers: true })
export class ConversationClosed {
  @Field(() => Conversation, { description: "The conversation, as it is now." })
  conversation!: Conversation;
}

@ObjectType({ description: "The conversation was reopened.", simpleResolvers: true })
export class ConversationReopened {
  @Field(() => Conversation, { description: "The conversation, as it is now." })
  conversation!: Conversation;
}

@ObjectType({
  description: "Another person or guest is typing. Not stored in the event log.",
  simpleResolvers: true,
})
export class TypingStarted {
  @Field(() => Actor, { description: "The person or guest who is typing." })
  actor!: Actor;
}

@ObjectType({
  description:
    "Another person or guest subscribed to the conversation or unsubscribed from it. Not stored in the event log.",
  simpleResolvers: true,
})
export class PresenceChanged {
  @Field(() => Actor, { description: "The person or guest." })
  actor!: Actor;

  @Field(() => Boolean, { description: "Whether the actor is subscribed to the conversation now." })
  isOnline!: boolean;
}

export const ConversationEvent = createUnionType({
  name: "ConversationEvent",
  description: "An event of a conversation. More members may be added.",
  types: () =>
    [
      MessageAdded,
      MessageUpdated,
      MessageDeleted,
      MessagePurged,
      AttachmentAdded,
      AttachmentUpdated,
      AttachmentDeleted,
      AttachmentRestored,
      ParticipantJoined,
      ParticipantLeft,
      ConversationClosed,
      ConversationReopened,
      TypingStarted,
      PresenceChanged,
    ] as const,
  resolveType: (payload) => (payload as unknown as EventPayload).__typename,
});

@ObjectType({ description: "An event of a conversation and its cursor.", simpleResolvers: true })
export class ConversationEventEdge {
  @Field(() => String, {
    description:
      "Pass it as `after` to resume after this event. A typing or presence event has the cursor of the previous event.",
  })
  cursor!: string;

  @Field(() => ConversationEvent, { description: "The event." })
  event!: typeof ConversationEvent;
}
