import { Extensions, Field, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { SHORT_TEXT } from "../../platform/graphql/documents/prices.js";
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
    description: "Name given by the uploader, without harmful characters. It is for display only.",
  })
  fileName!: string;

  @Field(() => ByteCount, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "Media type, detected from the content." })
  mimeType!: string;

  @Field(() => String, { nullable: true, description: "Description by the uploader." })
  @Extensions(SHORT_TEXT)
  description!: string | null;

  @Field(() => ScanStatus, { description: "Result of the malware scan." })
  scanStatus!: keyof typeof ScanStatus;

  @Field(() => DateTime, {
    nullable: true,
    description: "When its bytes were last scanned for malware; null: not yet.",
  })
  scannedAt!: Date | null;

  @Field(() => DateTime, { description: "When it was attached." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When the attachment was last changed." })
  updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null if it is not deleted." })
  deletedAt!: Date | null;
}

@ObjectType({ description: "A page of attachments, in the order of upload.", simpleResolvers: true })
export class AttachmentConnection extends connectionType("Attachment", () => Attachment) {}
