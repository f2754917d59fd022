import { ArrayMaxSize, IsOptional, IsUUID, Length, Matches, Max, MaxLength, Min } from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { ArgsType, Field, InputType, Int } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { ByteCount, DateTime, ID, Upload } from "../../../platform/graphql/scalars.js";
import { Bucket } from "../buckets.js";
import { FileIntegrity } from "../file-integrity.types.js";
import { FileKind } from "../file-types.js";
import { ScanStatus } from "../media-file.types.js";

const ONE_LINE = /^\P{Cc}*$/u;

@InputType({ description: "A file for a company's library." })
export class UploadMediaInput {
  @Field(() => ID, { description: "The company." })
  @IsUUID()
  companyId!: string;

  @Field(() => Bucket, { description: "Under which policy; all but AVATARS, COMPANY_LOGOS and CHAT." })
  bucket!: Bucket;

  @Field(() => Upload, { description: "A file of the multipart request." })
  file!: Promise<FileUpload>;

  @Field(() => DateTime, {
    nullable: true,
    description: "From when on it is gone, a moment in the future; without it, the file stays.",
  })
  expiresAt?: Date | null;
}

@InputType({ description: "What to change of a file; what is left out stays." })
export class UpdateMediaFileInput {
  @Field(() => ID, { description: "The file's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "Its new name, which must fit its content." })
  @IsOptional()
  @Length(1, 255)
  fileName?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "From when on it is gone, a moment in the future; null: it stays.",
  })
  expiresAt?: Date | null;
}

@InputType({ description: "A new content for a file." })
export class ReplaceMediaFileInput {
  @Field(() => ID, { description: "The file's id, which it keeps." })
  id!: string;

  @Field(() => Upload, {
    description: "A file of the multipart request, of a type that the file's bucket takes.",
  })
  file!: Promise<FileUpload>;
}

@InputType({ description: "A place outside of Filedesk where a file is used." })
export class MediaUsageInput {
  @Field(() => ID, { description: "The file's id." })
  mediaFileId!: string;

  @Field(() => String, {
    description:
      "What uses it, such as `course`, `page` or `ad`: a letter, then up to 63 letters, digits, `-`, `_`, `.`.",
  })
  @Matches(/^[A-Za-z][\w.-]{0,63}$/, {
    message: "resourceType must be a letter, then up to 63 letters, digits, hyphens, underscores and dots",
  })
  resourceType!: string;

  @Field(() => ID, { description: "Which one: up to 200 characters, in one line." })
  @Length(1, 200)
  @Matches(ONE_LINE, { message: "resourceId must be one line" })
  resourceId!: string;

  @Field(() => String, {
    description:
      "In which of its fields, such as `thumbnail`: a letter, then up to 63 letters, digits, `-`, `_`, `.`.",
  })
  @Matches(/^[A-Za-z][\w.-]{0,63}$/, {
    message: "fieldName must be a letter, then up to 63 letters, digits, hyphens, underscores and dots",
  })
  fieldName!: string;
}

@InputType({ description: "Which orphans to purge." })
export class PurgeOrphanedMediaInput {
  @Field(() => ID, { description: "The company." })
  @IsUUID()
  companyId!: string;

  @Field(() => Int, {
    nullable: true,
    description: "Those that have lain for so many days, 0 to 36,500; by default 30.",
  })
  @IsOptional()
  @Min(0)
  @Max(36_500)
  olderThanDays?: number | null;

  @Field(() => Boolean, { defaultValue: false, description: "Only says what would be removed." })
  dryRun!: boolean;
}

@ArgsType()
export class OrphanedMediaFilesArgs extends PageArgs {
  @Field(() => ID, { description: "The company." })
  @IsUUID()
  companyId!: string;

  @Field(() => Int, {
    nullable: true,
    description: "Those that have lain for so many days, 0 to 36,500; by default 30.",
  })
  @IsOptional()
  @Min(0)
  @Max(36_500)
  olderThanDays?: number | null;
}

@InputType("MediaFileFilter", { description: "Which files to list; what is left out does not narrow." })
export class MediaFileFilterInput {
  @Field(() => [Bucket], { nullable: true, description: "Those of any of these buckets." })
  @IsOptional()
  @ArrayMaxSize(7)
  bucket?: Bucket[] | null;

  @Field(() => [FileKind], { nullable: true, description: "Those of any of these kinds." })
  @IsOptional()
  @ArrayMaxSize(5)
  kind?: FileKind[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "Those of any of these media types, such as `image/png`.",
  })
  @IsOptional()
  @ArrayMaxSize(20)
  @MaxLength(200, { each: true })
  mimeType?: string[] | null;

  @Field(() => ID, { nullable: true, description: "Those of this uploader." })
  @IsOptional()
  @IsUUID()
  uploaderId?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Those uploaded at this moment or later." })
  createdFrom?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Those uploaded before this moment." })
  createdBefore?: Date | null;

  @Field(() => ByteCount, { nullable: true, description: "Those of this many bytes or more." })
  minSize?: number | null;

  @Field(() => ByteCount, { nullable: true, description: "Those of this many bytes or fewer." })
  maxSize?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Those that something uses, or those that nothing uses.",
  })
  isUsed?: boolean | null;

  @Field(() => [ScanStatus], { nullable: true, description: "Those of which the scanner says one of these." })
  @IsOptional()
  @ArrayMaxSize(5)
  scanStatus?: (keyof typeof ScanStatus)[] | null;

  @Field(() => [FileIntegrity], {
    nullable: true,
    description:
      "Those of whose stored bytes the last look said one of these, such as `ALTERED` and `MISSING` for the damaged ones.",
  })
  @IsOptional()
  @ArrayMaxSize(4)
  integrity?: FileIntegrity[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: the deleted ones that can be restored; for agents, of their own.",
  })
  isDeleted?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: "Those with this text in their name, whatever its case.",
  })
  @IsOptional()
  @MaxLength(200)
  search?: string | null;
}
