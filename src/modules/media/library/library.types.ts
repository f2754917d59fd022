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
    NEWEST: { description: "The newest first." },
    OLDEST: { description: "The oldest first." },
    LARGEST: { description: "The largest first." },
    NAME: { description: "By file name." },
  },
});

@ObjectType({
  description: "An earlier content of a file. It has the permissions of its file and is removed with it.",
  simpleResolvers: true,
})
export class MediaFileVersion {
  @Field(() => ID, { description: "Id of the version, which its URL contains." })
  id!: string;

  @Field(() => String, { description: "Name given by its uploader, without harmful characters." })
  fileName!: string;

  @Field(() => String, { description: "Media type, detected from the content." })
  mimeType!: string;

  @Field(() => ByteCount, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "SHA-256 of the bytes, in hexadecimal." })
  sha256!: string;

  @Field(() => Int, {
    nullable: true,
    description: "Width in pixels of an image or a video, after rotation.",
  })
  width!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Height in pixels of an image or a video, after rotation.",
  })
  height!: number | null;

  @Field(() => DateTime, { description: "When it was uploaded." })
  createdAt!: Date;
}

@ObjectType({ description: "What a purge removed, or would remove.", simpleResolvers: true })
export class PurgeReport {
  @Field(() => Boolean, { description: "Whether it is only a report of what would be removed." })
  dryRun!: boolean;

  @Field(() => Int, { description: "Number of files, including earlier versions." })
  files!: number;

  @Field(() => ByteCount, {
    description: "Bytes of storage that are freed; bytes that other files share stay.",
  })
  bytes!: number;

  @Field(() => [ID], { description: "The ids of the first 100 files." })
  ids!: readonly string[];
}
