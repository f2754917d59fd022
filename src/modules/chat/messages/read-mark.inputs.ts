import { Field, InputType } from "type-graphql";
import { ID } from "../../../platform/graphql/scalars.js";

@InputType({ description: "How far a conversation has been read." })
export class MarkReadInput {
  @Field(() => ID, { description: "The conversation's id." })
  conversationId!: string;

  @Field(() => ID, { description: "The latest message that has been read." })
  messageId!: string;
}
