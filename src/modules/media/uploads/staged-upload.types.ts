import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { ByteCount, DateTime, ID } from "../../../platform/graphql/scalars.js";
import { Bucket } from "../buckets.js";
import { StagedUploadStatus, UploadMethod } from "../staging/staged-upload.tables.js";

registerEnumType(UploadMethod, {
  name: "UploadMethod",
  description: "How the bytes of an upload are sent.",
  valuesConfig: {
    DIRECT: {
      description:
        "To the object store itself, in one PUT or, above 64 MiB, in parts; then `completeUpload`. Only if the server stores its files in S3.",
    },
    RESUMABLE: {
      description: "With the tus protocol 1.0 to the URL of the upload, in one or many requests.",
    },
  },
});

registerEnumType(StagedUploadStatus, {
  name: "StagedUploadStatus",
  description: "State of a staged upload.",
  valuesConfig: {
    RECEIVING: { description: "Bytes are missing; send them from `offset` on." },
    CHECKING: { description: "All bytes have arrived and are being checked." },
    READY: { description: "A mutation can take it." },
    REFUSED: { description: "The file was refused; `refusal` says why." },
    USED: { description: "A mutation has taken it; `mediaFileId` is what it became." },
    CANCELLED: { description: "It was cancelled." },
  },
});

@ObjectType({ description: "A header to send with each request of an upload." })
export class UploadHeader {
  @Field(() => String, { description: "Its name." })
  name!: string;

  @Field(() => String, { description: "Its value." })
  value!: string;
}

@ObjectType({
  description:
    "A part of a direct upload: so many bytes from `offset` on, sent with one PUT to `url`. Parts are sent in any order, several at once, and each again if its request fails.",
})
export class UploadPart {
  @Field(() => Int, { description: "Its number, from 1." })
  number!: number;

  @Field(() => ByteCount, { description: "Where it begins in the file, in bytes." })
  offset!: number;

  @Field(() => ByteCount, { description: "How many bytes it has: at least 16 MiB, the last one fewer." })
  size!: number;

  @Field(() => Boolean, { name: "received", description: "Whether all of it is in the store." })
  isReceived!: boolean;
}

@ObjectType({ description: "Why the file of an upload was refused." })
export class UploadRefusal {
  @Field(() => String, { description: "Error code, such as `FILE_TYPE_MISMATCH`." })
  code!: string;

  @Field(() => String, { description: "What was wrong, and what is allowed." })
  message!: string;
}

@ObjectType({
  description:
    "A file that is uploaded apart from the mutation that uses it: large files, bad networks, drafts. Only its uploader sees it. It expires, by default 24 hours after its start, unless a mutation takes it.",
})
export class StagedUpload {
  @Field(() => ID, { description: "Id, for `stagedUploadIds` and `stagedUploadId`." })
  id!: string;

  @Field(() => UploadMethod, { description: "How its bytes are sent." })
  method!: UploadMethod;

  @Field(() => StagedUploadStatus, { description: "Its state." })
  status!: StagedUploadStatus;

  @Field(() => Bucket, { description: "The bucket that it was begun for." })
  bucket!: Bucket;

  @Field(() => String, {
    description: "Its file name: the client's, and once it is checked the one that it will have.",
  })
  fileName!: string;

  @Field(() => ByteCount, {
    nullable: true,
    description: "Size of the file in bytes; null until it is known.",
  })
  size?: number | null;

  @Field(() => ByteCount, {
    description:
      "How many bytes have arrived and will not be lost: the next one to send. For DIRECT, 0 until `completeUpload`.",
  })
  offset!: number;

  @Field(() => String, {
    nullable: true,
    description: "MIME type, identified by the content; null until it is checked.",
  })
  mimeType?: string | null;

  @Field(() => UploadRefusal, { nullable: true, description: "Why it was refused; null otherwise." })
  refusal?: UploadRefusal | null;

  @Field(() => DateTime, { description: "When it began." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it is removed if nothing has used it." })
  expiresAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When a mutation has taken it." })
  usedAt?: Date | null;

  @Field(() => ID, {
    nullable: true,
    description: "Id of the media file that it became; null before, and after the file has been purged.",
  })
  mediaFileId?: string | null;
}
