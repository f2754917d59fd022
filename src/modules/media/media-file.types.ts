import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { ByteCount, DateTime, ID } from "../../platform/graphql/scalars.js";
import { Bucket } from "./buckets.js";
import { FileKind } from "./file-types.js";

registerEnumType(Bucket, {
  name: "Bucket",
  description: "A named policy for files: allowed types, size limit, who may read.",
});

registerEnumType(FileKind, { name: "MediaKind", description: "The kind of a file." });

export const ScanStatus = {
  PENDING: "PENDING",
  CLEAN: "CLEAN",
  INFECTED: "INFECTED",
  QUARANTINED: "QUARANTINED",
  NOT_SCANNED: "NOT_SCANNED",
} as const;

registerEnumType(ScanStatus, {
  name: "ScanStatus",
  description: "Result of a malware scan.",
  valuesConfig: {
    PENDING: { description: "Not scanned yet. The file cannot be downloaded until it is clean." },
    CLEAN: { description: "Scanned, no malware found." },
    INFECTED: { description: "Malware was found." },
    QUARANTINED: { description: "Malware was found, and the bytes were moved to quarantine." },
    NOT_SCANNED: { description: "Not scanned, because this installation has no scanner." },
  },
});

export const VariantsStatus = {
  PENDING: "PENDING",
  READY: "READY",
  FAILED: "FAILED",
  NOT_APPLICABLE: "NOT_APPLICABLE",
} as const;

registerEnumType(VariantsStatus, {
  name: "VariantsStatus",
  description: "Status of a file's variants.",
  valuesConfig: {
    PENDING: { description: "They are being rendered." },
    READY: { description: "All of them are rendered." },
    FAILED: {
      description:
        "They could not be rendered; the file itself is intact. If the reason may pass, such as a full disk, they are rendered again later and the status is PENDING again.",
    },
    NOT_APPLICABLE: { description: "This type of file has no variants." },
  },
});

@ObjectType({ description: "An uploaded file.", simpleResolvers: true })
export class MediaFile {
  @Field(() => ID, { description: "The file's id." })
  id!: string;

  @Field(() => String, {
    description: "Name given by the uploader, without harmful characters. It is for display only.",
  })
  fileName!: string;

  @Field(() => Bucket, { description: "The bucket that it was uploaded to." })
  bucket!: Bucket;

  @Field(() => String, { description: "Media type (RFC 6838), detected from the content." })
  mimeType!: string;

  @Field(() => ByteCount, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "SHA-256 of the bytes, in hexadecimal." })
  sha256!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Width in pixels of an image or a video, after the rotation that its EXIF data or its track states.",
  })
  width!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Height in pixels of an image or a video, after rotation.",
  })
  height!: number | null;

  @Field(() => VariantsStatus, { description: "Status of its variants." })
  variantsStatus!: keyof typeof VariantsStatus;

  @Field(() => String, {
    nullable: true,
    description:
      "ThumbHash of the image in base64, to show until the image has loaded. It is there when an image has been uploaded; of a video, when its poster is rendered. Null for files without a picture.",
  })
  placeholder!: string | null;

  @Field(() => ScanStatus, { description: "Result of the malware scan." })
  scanStatus!: keyof typeof ScanStatus;

  @Field(() => DateTime, {
    nullable: true,
    description: "When its bytes were last scanned for malware; null: not yet.",
  })
  scannedAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it expires and is removed automatically; null: never.",
  })
  expiresAt!: Date | null;

  @Field(() => DateTime, { description: "When it was uploaded." })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null if it is not deleted." })
  deletedAt!: Date | null;
}
