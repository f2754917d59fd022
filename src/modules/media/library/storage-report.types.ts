import { Field, Int, ObjectType } from "type-graphql";
import { ByteCount } from "../../../platform/graphql/scalars.js";
import { Bucket } from "../buckets.js";

@ObjectType({ description: "Some files, counted.", simpleResolvers: true })
export class FileCount {
  @Field(() => Int, { description: "How many." })
  files!: number;

  @Field(() => ByteCount, { description: "Their sizes together, equal files counted each." })
  bytes!: number;
}

@ObjectType({ description: "The files of one bucket.", simpleResolvers: true })
export class BucketCount extends FileCount {
  @Field(() => Bucket, { description: "The bucket." })
  bucket!: Bucket;
}

@ObjectType({ description: "The files of one type.", simpleResolvers: true })
export class TypeCount extends FileCount {
  @Field(() => String, { description: "The media type (RFC 6838)." })
  mimeType!: string;
}

@ObjectType({ description: "The files of one uploader.", simpleResolvers: true })
export class UploaderCount extends FileCount {}

@ObjectType({ description: "The files of one month.", simpleResolvers: true })
export class MonthCount extends FileCount {
  @Field(() => String, { description: "The month of their upload in UTC, such as `2026-11`." })
  month!: string;
}

@ObjectType({
  description: "What a company's files take, and what of it could be freed. All figures are of one moment.",
  simpleResolvers: true,
})
export class StorageReport {
  @Field(() => Int, { description: "Files that live; earlier versions are counted by themselves." })
  files!: number;

  @Field(() => ByteCount, { description: "Their sizes together, equal files counted each." })
  bytes!: number;

  @Field(() => ByteCount, {
    description: "What all files, deleted ones and versions too, take in the storage: equal bytes once.",
  })
  storedBytes!: number;

  @Field(() => ByteCount, { description: "What the renditions of images take in the storage besides." })
  variantBytes!: number;

  @Field(() => ByteCount, { description: "What storing equal bytes once saves." })
  savedBytes!: number;

  @Field(() => FileCount, { description: "Earlier versions of files that live." })
  versions!: FileCount;

  @Field(() => FileCount, { description: "Deleted or expired, with their versions, waiting to be purged." })
  deleted!: FileCount;

  @Field(() => FileCount, { description: "Files that live and that nothing uses, however young." })
  orphans!: FileCount;

  @Field(() => [BucketCount], { description: "By bucket, the largest first." })
  byBucket!: BucketCount[];

  @Field(() => [TypeCount], { description: "By type, the largest first." })
  byType!: TypeCount[];

  @Field(() => [UploaderCount], { description: "Those 20 who have uploaded the most bytes." })
  byUploader!: UploaderCount[];

  @Field(() => [MonthCount], { description: "By the month of upload, the last first." })
  byMonth!: MonthCount[];
}
