import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { ByteCount, DateTime, ID } from "../../../platform/graphql/scalars.js";
import { MediaFile } from "../media-file.types.js";

@ObjectType({ description: "A page of a company's files.", simpleResolvers: true })
export class MediaFileConnection extends connectionType("MediaFile", () => MediaFile) {}

export const MediaFileOrder = {
  NEWEST: "NEWEST",
  OLDEST: "OLDEST",
  LARGEST: "LARGEST",
  NAME: "NAME",
} as const;

registerEnumType(MediaFileOrder, {
  name: "MediaFileOrder",
  description: "The order of a list of files.",
  valuesConfig: {
    NEWEST: { description: "The last uploaded first." },
    OLDEST: { description: "The first uploaded first." },
    LARGEST: { description: "The one with the most bytes first." },
    NAME: { description: "By file name." },
  },
});

@ObjectType({
  description: "What a file held before it was replaced. It is read and removed with its file.",
  simpleResolvers: true,
})
export class MediaFileVersion {
  @Field(() => ID, { description: "The version's own id, which its URL has." })
  id!: string;

  @Field(() => String, { description: "The name that its uploader gave it, made harmless." })
  fileName!: string;

  @Field(() => String, { description: "The media type, told from the content." })
  mimeType!: string;

  @Field(() => ByteCount, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "SHA-256 of the bytes, in hexadecimal." })
  sha256!: string;

  @Field(() => Int, { nullable: true, description: "Width of an image in pixels, as it is seen." })
  width!: number | null;

  @Field(() => Int, { nullable: true, description: "Height of an image in pixels, as it is seen." })
  height!: number | null;

  @Field(() => DateTime, { description: "When it was uploaded." })
  createdAt!: Date;
}

@ObjectType({ description: "What a purge has removed, or would remove.", simpleResolvers: true })
export class PurgeReport {
  @Field(() => Boolean, { description: "Whether it only says what would be removed." })
  dryRun!: boolean;

  @Field(() => Int, { description: "How many files, earlier versions among them." })
  files!: number;

  @Field(() => ByteCount, {
    description: "How many bytes of the storage it frees; bytes that another file shares stay.",
  })
  bytes!: number;

  @Field(() => [ID], { description: "The ids of the first 100 files." })
  ids!: readonly string[];
}
