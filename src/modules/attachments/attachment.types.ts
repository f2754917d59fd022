import { Extensions, Field, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { SHORT_TEXT } from "../../platform/graphql/prices.js";
import { ByteCount, DateTime, ID } from "../../platform/graphql/scalars.js";
import { ScanStatus } from "../media/media-file.types.js";

@ObjectType({
  description: "A file attached to exactly one ticket, reply or chat message.",
  simpleResolvers: true,
})
export class Attachment {
  @Field(() => ID, { description: "The attachment's id." })
  id!: string;

  @Field(() => String, {
    description: "The name that the uploader gave the file, made harmless. For people: it decides nothing.",
  })
  fileName!: string;

  @Field(() => ByteCount, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "The media type, told from the content." })
  mimeType!: string;

  @Field(() => String, { nullable: true, description: "What the uploader says of it." })
  @Extensions(SHORT_TEXT)
  description!: string | null;

  @Field(() => ScanStatus, { description: "What the malware scanner says of it." })
  scanStatus!: keyof typeof ScanStatus;

  @Field(() => DateTime, { description: "When it was attached." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When its description was last changed." })
  updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null while it lives." })
  deletedAt!: Date | null;
}

@ObjectType({ description: "A page of attachments, in the order of uploading.", simpleResolvers: true })
export class AttachmentConnection extends connectionType("Attachment", () => Attachment) {}
