import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { ByteCount, DateTime, ID } from "../../platform/graphql/scalars.js";
import { Bucket } from "./buckets.js";
import { FileKind } from "./file-types.js";
import { VariantsStatus } from "./variant.types.js";

registerEnumType(Bucket, {
  name: "Bucket",
  description: "A named policy for files: allowed types, size limit, who may read.",
});

registerEnumType(FileKind, { name: "MediaKind", description: "What a file is, in one word." });

export const ScanStatus = {
  PENDING: "PENDING",
  CLEAN: "CLEAN",
  INFECTED: "INFECTED",
  QUARANTINED: "QUARANTINED",
  NOT_SCANNED: "NOT_SCANNED",
} as const;

registerEnumType(ScanStatus, {
  name: "ScanStatus",
  description: "What the malware scanner says of a file.",
  valuesConfig: {
    PENDING: { description: "Not looked at yet; nobody can download it until it is clean." },
    CLEAN: { description: "Looked at, and nothing found." },
    INFECTED: { description: "Malware was found." },
    QUARANTINED: { description: "Malware was found, and the bytes were put aside." },
    NOT_SCANNED: { description: "This installation has no scanner." },
  },
});

@ObjectType({ description: "One uploaded file as somebody's property.", simpleResolvers: true })
export class MediaFile {
  @Field(() => ID, { description: "The file's id." })
  id!: string;

  @Field(() => String, {
    description: "The name that the uploader gave it, made harmless. For people: it decides nothing.",
  })
  fileName!: string;

  @Field(() => Bucket, { description: "The policy that it was uploaded under." })
  bucket!: Bucket;

  @Field(() => String, { description: "The media type, told from the content (RFC 6838)." })
  mimeType!: string;

  @Field(() => ByteCount, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "SHA-256 of the bytes, in hexadecimal." })
  sha256!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Width of an image or a video in pixels, as it is seen (turned as its EXIF or its track says).",
  })
  width!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Height of an image or a video in pixels, as it is seen.",
  })
  height!: number | null;

  @Field(() => VariantsStatus, { description: "How it stands with its renditions." })
  variantsStatus!: keyof typeof VariantsStatus;

  @Field(() => String, {
    nullable: true,
    description: "ThumbHash of the picture in base64, to paint until it has loaded; null until it is made.",
  })
  placeholder!: string | null;

  @Field(() => ScanStatus, { description: "What the malware scanner says of it." })
  scanStatus!: keyof typeof ScanStatus;

  @Field(() => DateTime, { nullable: true, description: "When it will be removed by itself; null: never." })
  expiresAt!: Date | null;

  @Field(() => DateTime, { description: "When it was uploaded." })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null while it lives." })
  deletedAt!: Date | null;
}
