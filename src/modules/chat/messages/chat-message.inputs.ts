import { ArrayMaxSize, IsOptional, Length } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { Field, InputType } from "type-graphql";
import { ID, Upload } from "../../../platform/graphql/scalars.js";
import { MAX_STAGED_IDS, STAGED_FILES } from "../../../platform/graphql/staged-arguments.js";
import { Prose } from "../../../platform/graphql/text-rules.js";

const MAX_BODY_LENGTH = 10_000;

@InputType({ description: "A new message: a text, files, or both." })
export class SendMessageInput {
  @Field(() => ID, { description: "The conversation's id." })
  conversationId!: string;

  @Field(() => String, {
    nullable: true,
    description: "Plain text of up to 10,000 characters; may be omitted if there are files.",
  })
  @IsOptional()
  @Prose(MAX_BODY_LENGTH)
  body?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The message of the same conversation that it replies to; it may have been deleted.",
  })
  replyToId?: string | null;

  @Field(() => [Upload], { nullable: true, description: "Files of the multipart request, up to 10." })
  files?: Promise<FileUpload>[] | null;

  @Field(() => [ID], { nullable: true, description: STAGED_FILES("CHAT") })
  @IsOptional()
  @ArrayMaxSize(MAX_STAGED_IDS)
  stagedUploadIds?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Identifier chosen by your client, 1 to 100 characters. Sending a message with the same identifier again returns the first message, deleted or not, and creates no second one.",
  })
  @IsOptional()
  @Length(1, 100)
  clientId?: string | null;
}

@InputType({ description: "Files for a message that has been sent." })
export class AddMessageAttachmentsInput {
  @Field(() => ID, { description: "The message's id." })
  messageId!: string;

  @Field(() => [Upload], { nullable: true, description: "Files of the multipart request, up to 10." })
  files?: Promise<FileUpload>[] | null;

  @Field(() => [ID], { nullable: true, description: STAGED_FILES("CHAT") })
  @IsOptional()
  @ArrayMaxSize(MAX_STAGED_IDS)
  stagedUploadIds?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: "Description of each of the files, up to 1,000 characters.",
  })
  @IsOptional()
  @Prose(1_000)
  description?: string | null;
}

@InputType({ description: "The new text of a message." })
export class EditMessageInput {
  @Field(() => ID, { description: "The message's id." })
  id!: string;

  @Field(() => String, {
    description: "Plain text of up to 10,000 characters; may be empty if the message has files.",
  })
  @Prose(MAX_BODY_LENGTH)
  body!: string;
}
