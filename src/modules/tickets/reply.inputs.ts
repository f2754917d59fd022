import { ArrayMaxSize, IsOptional } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType } from "type-graphql";
import { ID, Upload } from "../../platform/graphql/scalars.js";
import { MAX_STAGED_IDS, STAGED_FILES } from "../../platform/graphql/staged-arguments.js";
import { Prose } from "../../platform/graphql/text-rules.js";

const FILES = "Files of the multipart request, up to 10.";
const STAGED = STAGED_FILES("ATTACHMENTS");

@InputType({ description: "A new reply to a ticket." })
export class AddReplyInput {
  @Field(() => ID, { description: "The ticket's id." })
  ticketId!: string;

  @Field(() => String, { description: "Plain text of up to 50,000 characters." })
  @Prose(50_000, 1)
  body!: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description: "Whether only the staff of the company may see it. For staff.",
  })
  isInternal!: boolean;

  @Field(() => [Upload], { nullable: true, description: FILES })
  files?: Promise<FileUpload>[] | null;

  @Field(() => [ID], { nullable: true, description: STAGED })
  @IsOptional()
  @ArrayMaxSize(MAX_STAGED_IDS)
  stagedUploadIds?: string[] | null;
}

@InputType({ description: "Changes of a reply." })
export class UpdateReplyInput {
  @Field(() => ID, { description: "The reply's id." })
  id!: string;

  @Field(() => String, { description: "The new text." })
  @Prose(50_000, 1)
  body!: string;
}

@InputType({ description: "Files for a reply." })
export class UploadReplyAttachmentsInput {
  @Field(() => ID, { description: "The reply's id." })
  replyId!: string;

  @Field(() => [Upload], { nullable: true, description: FILES })
  files?: Promise<FileUpload>[] | null;

  @Field(() => [ID], { nullable: true, description: STAGED })
  @IsOptional()
  @ArrayMaxSize(MAX_STAGED_IDS)
  stagedUploadIds?: string[] | null;

  @Field(() => String, { nullable: true, description: "Description of the files, up to 1,000 characters." })
  @IsOptional()
  @Prose(1_000)
  description?: string | null;
}
