import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";

@ObjectType({
  description: "A chat room of a company, with its participants and guests.",
  simpleResolvers: true,
})
export class Conversation {
  @Field(() => ID, { description: "The conversation's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "What it is about, in a line." })
  subject!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "A free label, such as a hotel's room or a desk's counter.",
  })
  room!: string | null;

  @Field(() => DateTime, { description: "When it was started." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it was last closed or opened again." })
  updatedAt!: Date;

  @Field(() => DateTime, { description: "When its newest message was sent, or when it was started." })
  lastActivityAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it was closed; null while it takes messages.",
  })
  closedAt!: Date | null;

  @Field(() => String, {
    description:
      "Where its events stand: give it as `after` to `conversationEvents` to miss nothing of what comes after this answer.",
  })
  eventCursor!: string;
}

@ObjectType({
  description: "A page of conversations, those with the newest activity first.",
  simpleResolvers: true,
})
export class ConversationConnection extends connectionType("Conversation", () => Conversation) {}
