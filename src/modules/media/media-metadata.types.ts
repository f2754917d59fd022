import { Field, Int, ObjectType } from "type-graphql";

@ObjectType({
  description: "What a file says of itself. Where it was made is never kept.",
  simpleResolvers: true,
})
export class MediaMetadata {
  @Field(() => String, { nullable: true, description: "Of a photo: who made the camera." })
  cameraMake?: string;

  @Field(() => String, { nullable: true, description: "Of a photo: the camera's model." })
  cameraModel?: string;

  @Field(() => String, {
    nullable: true,
    description:
      "When a photo was taken, by the camera's clock: `2026-05-01T12:00:00`, with an offset such as `+02:00` where the camera wrote one.",
  })
  takenAt?: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "How the stored pixels of an image are turned (EXIF orientation, 1 to 8). `width`, `height` and variants are right already.",
  })
  orientation?: number;

  @Field(() => Int, {
    nullable: true,
    description: "Pages of a TIFF, and of a PDF where they are cheap to count.",
  })
  pages?: number;

  @Field(() => String, {
    nullable: true,
    description:
      "How a text is written, such as `utf-8` or `windows-1252` (names of the WHATWG Encoding Standard); null for texts from before this was kept.",
  })
  charset?: string;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether `charset` is only the best guess: UTF-8 and UTF-16 prove themselves, other encodings cannot. Null for what is no text.",
  })
  isCharsetGuessed?: boolean;

  @Field(() => String, {
    nullable: true,
    description: "How a video's pictures are coded, such as `avc` or `vp9`.",
  })
  videoCodec?: string;

  @Field(() => String, {
    nullable: true,
    description: "How the sound of a video or a recording is coded, such as `aac`; null: no sound.",
  })
  audioCodec?: string;
}
