import { Extensions, Field, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { LONG_TEXT } from "../../platform/graphql/documents/prices.js";
import { DateTime, ID } from "../../platform/graphql/scalars.js";

@ObjectType({ description: "A reply to a ticket.", simpleResolvers: true })
export class Reply {
  @Field(() => ID, { description: "The reply's id." })
  id!: string;

  @Field(() => String, { description: "Plain text." })
  @Extensions(LONG_TEXT)
  body!: string;

  @Field(() => Boolean, { description: "Whether only the staff of the company may see it." })
  isInternal!: boolean;

  @Field(() => DateTime, { description: "When it was written." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it was last changed." })
  updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null if it is not deleted." })
  deletedAt!: Date | null;
}

@ObjectType({ description: "A page of replies, oldest first.", simpleResolvers: true })
export class ReplyConnection extends connectionType("Reply", () => Reply) {}
