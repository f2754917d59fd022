import { createUnionType, Field, ObjectType } from "type-graphql";
import type { Told } from "../../platform/events/channel.js";
import { ID } from "../../platform/graphql/scalars.js";
import { AttachmentDeleted, AttachmentRestored } from "../attachments/attachment-event.types.js";
import { Actor } from "../identity/actor.types.js";
import { ParticipantJoined, ParticipantLeft } from "../identity/participant-event.types.js";
import { ChatMessage } from "./chat-message.types.js";
import { Conversation } from "./conversation.types.js";

const TODAY = "With the message as it is now: a text that was deleted since is not told again.";

@ObjectType({ description: `A message was sent. ${TODAY}`, simpleResolvers: true })
export class MessageAdded {
  @Field(() => ChatMessage, { description: "The message." })
  message!: ChatMessage;
}

@ObjectType({
  description: `A message, or what one of its files shows, was changed. ${TODAY}`,
  simpleResolvers: true,
})
export class MessageUpdated {
  @Field(() => ChatMessage, { description: "The message." })
  message!: ChatMessage;
}

@ObjectType({
  description: "A message was deleted with its files; its place is kept.",
  simpleResolvers: true,
})
export class MessageDeleted {
  @Field(() => ChatMessage, { description: "The message." })
  message!: ChatMessage;
}

@ObjectType({
  description: "A message is gone for good; told in place of all that happened to it before.",
  simpleResolvers: true,
})
export class MessagePurged {
  // Nullable in the schema alone: where both are selected, it has to be of one type with that of `AttachmentDeleted`.
  @Field(() => ID, { nullable: true, description: "The message's id; never null." })
  messageId!: string;
}

@ObjectType({ description: "The conversation was closed.", simpleResolvers: true })
export class ConversationClosed {
  @Field(() => Conversation, { description: "The conversation, as it is now." })
  conversation!: Conversation;
}

@ObjectType({ description: "The conversation was opened again.", simpleResolvers: true })
export class ConversationReopened {
  @Field(() => Conversation, { description: "The conversation, as it is now." })
  conversation!: Conversation;
}

@ObjectType({
  description: "Somebody else writes just now. In no log: who was away is not told.",
  simpleResolvers: true,
})
export class TypingStarted {
  @Field(() => Actor, { description: "Who writes." })
  actor!: Actor;
}

@ObjectType({
  description: "Somebody else came to look, or went. In no log: who was away is not told.",
  simpleResolvers: true,
})
export class PresenceChanged {
  @Field(() => Actor, { description: "Who came or went." })
  actor!: Actor;

  @Field(() => Boolean, { description: "Whether the actor follows the conversation now." })
  isOnline!: boolean;
}

export const ConversationEvent = createUnionType({
  name: "ConversationEvent",
  description: "What happens in a conversation.",
  types: () =>
    [
      MessageAdded,
      MessageUpdated,
      MessageDeleted,
      MessagePurged,
      AttachmentDeleted,
      AttachmentRestored,
      ParticipantJoined,
      ParticipantLeft,
      ConversationClosed,
      ConversationReopened,
      TypingStarted,
      PresenceChanged,
    ] as const,
  resolveType: (told) => (told as unknown as Told).__typename,
});

@ObjectType({ description: "An event of a conversation and its cursor.", simpleResolvers: true })
export class ConversationEventEdge {
  @Field(() => String, {
    description:
      "Give it as `after` to go on behind this event; a typing or presence event has that of the one before.",
  })
  cursor!: string;

  @Field(() => ConversationEvent, { description: "What happened." })
  event!: typeof ConversationEvent;
}
