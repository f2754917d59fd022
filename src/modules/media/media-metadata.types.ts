import { Field, Int, ObjectType } from "type-graphql";

@ObjectType({
  description: "Metadata from a file itself. The location of a photo is never stored.",
  simpleResolvers: true,
})
export class MediaMetadata {
  @Field(() => String, { nullable: true, description: "Maker of the camera of a photo." })
  cameraMake?: string;

  @Field(() => String, { nullable: true, description: "Model of the camera of a photo." })
  cameraModel?: string;

  @Field(() => String, {
    nullable: true,
    description:
      "When a photo was taken, by the clock of the camera: `2026-05-01T12:00:00`, with an offset such as `+02:00` if the camera stored one.",
  })
  takenAt?: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "EXIF orientation of an image (1 to 8). `width`, `height` and variants already take it into account.",
  })
  orientation?: number;

  @Field(() => Int, {
    nullable: true,
    description: "Number of pages of a TIFF, and of a PDF if it is easy to read.",
  })
  pages?: number;

  @Field(() => String, {
    nullable: true,
    description:
      "Character encoding of a text, such as `utf-8` or `windows-1252` (names of the WHATWG Encoding Standard); null for other files, and for texts uploaded before this was stored.",
  })
  charset?: string;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether `charset` is only a guess: UTF-8 and UTF-16 can be recognized with certainty, other encodings cannot. Null for files without `charset`.",
  })
  isCharsetGuessed?: boolean;

  @Field(() => String, {
    nullable: true,
    description: "Video codec, such as `avc` or `vp9`.",
  })
  videoCodec?: string;

  @Field(() => String, {
    nullable: true,
    description: "Audio codec of a video or a recording, such as `aac`; null without sound.",
  })
  audioCodec?: string;
}
