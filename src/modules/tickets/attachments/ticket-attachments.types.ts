import { Field, Int, ObjectType } from "type-graphql";
import { ByteCount } from "../../../platform/graphql/scalars.js";

@ObjectType({
  description:
    "The quota of the files of a ticket and its replies, internal ones included. An upload that exceeds it is refused with `QUOTA_EXCEEDED`.",
  simpleResolvers: true,
})
export class AttachmentQuota {
  @Field(() => Int, { description: "Number of files now." })
  files!: number;

  @Field(() => Int, { description: "Highest number of files." })
  maxFiles!: number;

  @Field(() => ByteCount, { description: "Total size now, in bytes." })
  bytes!: number;

  @Field(() => ByteCount, { description: "Highest total size, in bytes." })
  maxBytes!: number;
}
