import { IsOptional, MaxLength } from "class-validator";
import { Field, ID, InputType } from "type-graphql";

@InputType({ description: "What to change of an attachment." })
export class UpdateAttachmentInput {
  @Field(() => ID, { description: "The attachment's id." })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: "What it shows, up to 1,000 characters; null removes it.",
  })
  @IsOptional()
  @MaxLength(1_000)
  description?: string | null;
}
