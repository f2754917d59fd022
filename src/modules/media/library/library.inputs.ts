import {
  ArrayMaxSize,
  IsOptional,
  IsUUID,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from "class-validator";
import type { FileUpload } from "graphql-upload-ts";
import { ArgsType, Field, InputType, Int } from "type-graphql";
import { PageArgs } from "../../../platform/graphql/connection.types.js";
import { ByteCount, DateTime, ID, Upload } from "../../../platform/graphql/scalars.js";
import { STAGED_FILE } from "../../../platform/graphql/staged-arguments.js";
import { SearchText } from "../../../platform/graphql/text-rules.js";
import { Bucket } from "../buckets.js";
import { FileKind } from "../file-types.js";
import { ScanStatus } from "../media-file.types.js";
import { FileIntegrity } from "../upkeep/file-integrity.types.js";
import { NewMediaUsageInput, UsingResourceInput } from "./media-usage.inputs.js";

@InputType({ description: "A file for a company's library." })
export class UploadMediaInput {
  @Field(() => ID, { description: "The company." })
  @IsUUID()
  companyId!: string;

  @Field(() => Bucket, { description: "The bucket: any except AVATARS, COMPANY_LOGOS and CHAT." })
  bucket!: Bucket;

  @Field(() => Upload, {
    nullable: true,
    description: "A file of the multipart request. Give either this or `stagedUploadId`.",
  })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: STAGED_FILE("the bucket") })
  stagedUploadId?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it expires, a time in the future; by default never.",
  })
  expiresAt?: Date | null;

  @Field(() => NewMediaUsageInput, {
    nullable: true,
    description: "A usage of the file by an external application, registered together with it.",
  })
  @IsOptional()
  @ValidateNested()
  usage?: NewMediaUsageInput | null;
}

@InputType({ description: "Changes of a file; omitted fields stay as they are." })
export class UpdateMediaFileInput {
  @Field(() => ID, { description: "The file's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "Its new name; the extension must fit the content." })
  @IsOptional()
  @Length(1, 255)
  fileName?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When it expires, a time in the future; null: never.",
  })
  expiresAt?: Date | null;
}

@InputType({ description: "The new content of a file." })
export class ReplaceMediaFileInput {
  @Field(() => ID, { description: "The file's id, which stays the same." })
  id!: string;

  @Field(() => Upload, {
    nullable: true,
    description:
      "A file of the multipart request, of a type that the file's bucket accepts. Give either this or `stagedUploadId`.",
  })
  file?: Promise<FileUpload> | null;

  @Field(() => ID, { nullable: true, description: STAGED_FILE("the file's bucket") })
  stagedUploadId?: string | null;

  @Field(() => NewMediaUsageInput, {
    nullable: true,
    description:
      "A usage of the file by an external application, registered together with the content. For staff.",
  })
  @IsOptional()
  @ValidateNested()
  usage?: NewMediaUsageInput | null;
}

@InputType({ description: "Selects the orphans to purge." })
export class PurgeOrphanedMediaInput {
  @Field(() => ID, { description: "The company." })
  @IsUUID()
  companyId!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Files without any usage for this many days, 0 to 36,500; by default the setting ORPHAN_DAYS (30).",
  })
  @IsOptional()
  @Min(0)
  @Max(36_500)
  olderThanDays?: number | null;

  @Field(() => Boolean, { defaultValue: false, description: "If true, only reports what would be removed." })
  dryRun!: boolean;
}

@ArgsType()
export class OrphanedMediaFilesArgs extends PageArgs {
  @Field(() => ID, { description: "The company." })
  @IsUUID()
  companyId!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Files without any usage for this many days, 0 to 36,500; by default the setting ORPHAN_DAYS (30).",
  })
  @IsOptional()
  @Min(0)
  @Max(36_500)
  olderThanDays?: number | null;
}

@InputType("MediaFileFilter", {
  description: "Restricts a list of files; omitted fields do not restrict it.",
})
export class MediaFileFilterInput {
  @Field(() => [Bucket], { nullable: true, description: "Files in one of these buckets." })
  @IsOptional()
  @ArrayMaxSize(7)
  bucket?: Bucket[] | null;

  @Field(() => [FileKind], { nullable: true, description: "Files of one of these kinds." })
  @IsOptional()
  @ArrayMaxSize(5)
  kind?: FileKind[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "Files of one of these media types, such as `image/png`.",
  })
  @IsOptional()
  @ArrayMaxSize(20)
  @MaxLength(200, { each: true })
  mimeType?: string[] | null;

  @Field(() => ID, { nullable: true, description: "Files of this uploader." })
  @IsOptional()
  @IsUUID()
  uploaderId?: string | null;

  @Field(() => DateTime, { nullable: true, description: "Files uploaded at this time or later." })
  createdFrom?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Files uploaded before this time." })
  createdBefore?: Date | null;

  @Field(() => ByteCount, { nullable: true, description: "Files of at least this many bytes." })
  minSize?: number | null;

  @Field(() => ByteCount, { nullable: true, description: "Files of at most this many bytes." })
  maxSize?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: files that are used; false: files without any usage.",
  })
  isUsed?: boolean | null;

  @Field(() => UsingResourceInput, {
    nullable: true,
    description: "Files that this resource of an external application uses.",
  })
  @IsOptional()
  @ValidateNested()
  usedBy?: UsingResourceInput | null;

  @Field(() => [ScanStatus], { nullable: true, description: "Files with one of these scan results." })
  @IsOptional()
  @ArrayMaxSize(5)
  scanStatus?: (keyof typeof ScanStatus)[] | null;

  @Field(() => [FileIntegrity], {
    nullable: true,
    description:
      "Files with one of these verification results, such as `ALTERED` and `MISSING` for damaged files.",
  })
  @IsOptional()
  @ArrayMaxSize(4)
  integrity?: FileIntegrity[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: deleted files that can be restored; agents see only their own.",
  })
  isDeleted?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: "Files that contain this text in their name, ignoring case.",
  })
  @IsOptional()
  @SearchText()
  search?: string | null;
}
