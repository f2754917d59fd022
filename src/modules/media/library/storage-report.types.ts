import { Field, Int, ObjectType } from "type-graphql";
import { ByteCount } from "../../../platform/graphql/scalars.js";
import { Bucket } from "../buckets.js";

@ObjectType({ description: "Number and total size of some files.", simpleResolvers: true })
export class FileCount {
  @Field(() => Int, { description: "Number of files." })
  files!: number;

  @Field(() => ByteCount, { description: "Total size in bytes; equal files are counted separately." })
  bytes!: number;
}

@ObjectType({ description: "Files of one bucket.", simpleResolvers: true })
export class BucketCount extends FileCount {
  @Field(() => Bucket, { description: "The bucket." })
  bucket!: Bucket;
}

@ObjectType({ description: "Files of one media type.", simpleResolvers: true })
export class TypeCount extends FileCount {
  @Field(() => String, { description: "Media type (RFC 6838)." })
  mimeType!: string;
}

@ObjectType({ description: "Files of one uploader.", simpleResolvers: true })
export class UploaderCount extends FileCount {}

@ObjectType({ description: "Files uploaded in one month.", simpleResolvers: true })
export class MonthCount extends FileCount {
  @Field(() => String, { description: "Month of the upload in UTC, such as `2026-11`." })
  month!: string;
}

@ObjectType({
  description:
    "How much space the files of a company take, and what could be freed. All figures are of the same moment.",
  simpleResolvers: true,
})
export class StorageReport {
  @Field(() => Int, {
    description:
      "Number of files that are neither deleted nor expired; earlier versions are counted separately.",
  })
  files!: number;

  @Field(() => ByteCount, { description: "Total size in bytes; equal files are counted separately." })
  bytes!: number;

  @Field(() => ByteCount, {
    description:
      "Bytes that all files take in the storage, including deleted files and versions; equal files count once.",
  })
  storedBytes!: number;

  @Field(() => ByteCount, {
    description:
      "Bytes that count toward the limit of the company: those of `storedBytes`, without variants.",
  })
  usedBytes!: number;

  @Field(() => ByteCount, {
    nullable: true,
    description: "How much the files of the company may take, set by `setStorageLimit`; null: no limit.",
  })
  limitBytes!: number | null;

  @Field(() => ByteCount, { nullable: true, description: "What is left of the limit; null without one." })
  leftBytes!: number | null;

  @Field(() => ByteCount, { description: "Bytes that the variants take in the storage in addition." })
  variantBytes!: number;

  @Field(() => ByteCount, { description: "Bytes saved because equal files are stored once." })
  savedBytes!: number;

  @Field(() => FileCount, { description: "Earlier versions of files that are not deleted." })
  versions!: FileCount;

  @Field(() => FileCount, {
    description: "Deleted and expired files with their versions, which wait to be purged.",
  })
  deleted!: FileCount;

  @Field(() => FileCount, { description: "Files without any usage, however new." })
  orphans!: FileCount;

  @Field(() => [BucketCount], { description: "By bucket, the largest first." })
  byBucket!: BucketCount[];

  @Field(() => [TypeCount], { description: "By type, the largest first." })
  byType!: TypeCount[];

  @Field(() => [UploaderCount], { description: "The 20 uploaders with the most bytes." })
  byUploader!: UploaderCount[];

  @Field(() => [MonthCount], { description: "By month of upload, the latest first." })
  byMonth!: MonthCount[];
}
