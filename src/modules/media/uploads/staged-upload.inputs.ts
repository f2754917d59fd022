import { IsOptional, MaxLength, Min } from "class-validator";
import { Field, InputType } from "type-graphql";
import { ByteCount, ID } from "../../../platform/graphql/scalars.js";
import { Line } from "../../../platform/graphql/text-rules.js";
import { Bucket } from "../buckets.js";
import { UploadMethod } from "../staging/staged-upload.tables.js";

@InputType({
  description:
    "A file to be uploaded, and what for: exactly one of the ids, or none for `AVATARS`. It is checked as by the mutation that will take it.",
})
export class StartUploadInput {
  @Field(() => Bucket, { description: "The bucket of the mutation that will take it." })
  bucket!: Bucket;

  @Field(() => ID, {
    nullable: true,
    description: "For a new ticket, for the company's library or its logo: the company's id.",
  })
  companyId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "For a ticket (`ATTACHMENTS`), also for a new reply, or for its timeline (`PHOTOS`, `VIDEOS`): its id.",
  })
  ticketId?: string | null;

  @Field(() => ID, { nullable: true, description: "For an existing reply (`ATTACHMENTS`): its id." })
  replyId?: string | null;

  @Field(() => ID, { nullable: true, description: "For a chat message (`CHAT`): the conversation's id." })
  conversationId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "For `replaceMediaFile`: the id of the file, whose bucket it must be.",
  })
  mediaFileId?: string | null;

  @Field(() => String, {
    description: "Name of the file, with its extension: one line of up to 255 characters.",
  })
  @Line(255)
  fileName!: string;

  @Field(() => ByteCount, {
    nullable: true,
    description:
      "Size in bytes; omit it if it is not known yet, and state it with the last bytes (`Upload-Length`).",
  })
  @IsOptional()
  @Min(0)
  size?: number | null;

  @Field(() => String, { nullable: true, description: "MIME type as the client knows it; only a hint." })
  @IsOptional()
  @MaxLength(255)
  mimeType?: string | null;

  @Field(() => UploadMethod, { defaultValue: "RESUMABLE", description: "How the bytes will be sent." })
  method!: UploadMethod;
}
