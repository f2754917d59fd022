import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";

@ObjectType({
  description: "A chat room of a company, with its participants and guests.",
  simpleResolvers: true,
})
export class Conversation {
  @Field(() => ID, { description: "The conversation's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "Subject, one line." })
  subject!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "A free label, such as the room of a hotel.",
  })
  room!: string | null;

  @Field(() => DateTime, { description: "When it was started." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it was last closed or reopened." })
  updatedAt!: Date;

  @Field(() => DateTime, { description: "When its latest message was sent, or when it was started." })
  lastActivityAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it was closed; null while it is open.",
  })
  closedAt!: Date | null;

  @Field(() => String, {
    description:
      "Current position of its events: pass it as `after` to `conversationEvents` to get everything that happens after this response.",
  })
  eventCursor!: string;
}

@ObjectType({
  description: "A page of conversations, by latest activity.",
  simpleResolvers: true,
})
export class ConversationConnection extends connectionType("Conversation", () => Conversation) {}
