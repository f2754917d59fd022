import { Extensions, Field, Int, ObjectType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { MIDDLE_TEXT } from "../../../platform/graphql/documents/prices.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";

@ObjectType({ description: "A message in a conversation.", simpleResolvers: true })
export class ChatMessage {
  @Field(() => ID, { description: "The message's id." })
  id!: string;

  @Field(() => Int, {
    description:
      "Number within the conversation, counted from 1 in the order of arrival; a purge leaves a gap.",
  })
  number!: number;

  @Field(() => String, {
    description: "Plain text; empty if the message has only files, `[Message deleted]` if it was deleted.",
  })
  @Extensions(MIDDLE_TEXT)
  body!: string;

  @Field(() => Boolean, { description: "Whether its sender has edited it." })
  isEdited!: boolean;

  @Field(() => DateTime, { nullable: true, description: "When it was last edited; null if never." })
  editedAt!: Date | null;

  @Field(() => Boolean, {
    description: "Whether its sender has deleted it. Text and files of a deleted message cannot be read.",
  })
  isDeleted!: boolean;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null if it is not deleted." })
  deletedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: "Identifier chosen by the client of the sender, so that it recognizes its own message.",
  })
  clientId!: string | null;

  @Field(() => DateTime, { description: "When it was sent." })
  createdAt!: Date;
}

@ObjectType({ description: "A message that was purged.", simpleResolvers: true })
export class PurgedMessage {
  @Field(() => ID, { description: "Id of the purged message." })
  id!: string;
}

@ObjectType({ description: "A page of messages, oldest first.", simpleResolvers: true })
export class ChatMessageConnection extends connectionType("ChatMessage", () => ChatMessage) {}
