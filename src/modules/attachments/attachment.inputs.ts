import { IsOptional } from "class-validator";
import { Field, InputType } from "type-graphql";
import { ID } from "../../platform/graphql/scalars.js";
import { Prose } from "../../platform/graphql/text-rules.js";

@InputType({ description: "Changes of an attachment." })
export class UpdateAttachmentInput {
  @Field(() => ID, { description: "The attachment's id." })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: "New description, up to 1,000 characters; null removes it.",
  })
  @IsOptional()
  @Prose(1_000)
  description?: string | null;
}
