import { ArrayMaxSize, IsOptional } from "class-validator";
import { ArgsType, Field, InputType } from "type-graphql";
import { PageArgs } from "../../platform/graphql/connection.types.js";
import { ID } from "../../platform/graphql/scalars.js";
import { Prose } from "../../platform/graphql/text-rules.js";
import { FileKind } from "../media/file-types.js";

@ArgsType()
export class AttachmentsArgs extends PageArgs {
  @Field(() => [FileKind], { nullable: true, description: "Only files of one of these kinds." })
  @IsOptional()
  @ArrayMaxSize(5)
  kind?: FileKind[] | null;
}

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
