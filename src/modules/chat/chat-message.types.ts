import { Extensions, Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { MIDDLE_TEXT } from "../../platform/graphql/prices.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";

@ObjectType({ description: "A message in a conversation.", simpleResolvers: true })
export class ChatMessage {
  @Field(() => ID, { description: "The message's id." })
  id!: string;

  @Field(() => Int, {
    description:
      "Counted per conversation from 1, in the order in which messages came; a purge leaves a gap.",
  })
  number!: number;

  @Field(() => String, {
    description:
      "What it says, as plain text; empty when it has files alone, `[Message deleted]` when it was deleted.",
  })
  @Extensions(MIDDLE_TEXT)
  body!: string;

  @Field(() => Boolean, { description: "Whether its sender has changed it." })
  isEdited!: boolean;

  @Field(() => DateTime, { nullable: true, description: "When it was last changed; null if it never was." })
  editedAt!: Date | null;

  @Field(() => Boolean, {
    description: "Whether its sender has deleted it: its text and files are gone then.",
  })
  isDeleted!: boolean;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null while it lives." })
  deletedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: "What its sender's client calls it, so that it knows its own message again.",
  })
  clientId!: string | null;

  @Field(() => DateTime, { description: "When it was sent." })
  createdAt!: Date;
}

@ObjectType({ description: "What is left of a message that was purged.", simpleResolvers: true })
export class PurgedMessage {
  @Field(() => ID, { description: "The id that the message had." })
  id!: string;
}

@ObjectType({ description: "A page of messages, oldest first.", simpleResolvers: true })
export class ChatMessageConnection extends connectionType("ChatMessage", () => ChatMessage) {}
