import { Field, Int, ObjectType } from "type-graphql";
import { ByteCount } from "../../../platform/graphql/scalars.js";

@ObjectType({
  description:
    "A smaller version of an image or of a video's poster image: upright, in sRGB, without metadata, never larger than the original.",
  simpleResolvers: true,
})
export class MediaVariant {
  @Field(() => String, {
    description: "large, medium, thumbnail, 64x64, logo, logo-thumbnail or favicon.",
  })
  name!: string;

  @Field(() => String, {
    description:
      "Absolute URL of the variant: signed for this viewer, or the same for everybody in a public bucket.",
  })
  url!: string;

  @Field(() => Int, { description: "Width in pixels." })
  width!: number;

  @Field(() => Int, { description: "Height in pixels." })
  height!: number;

  @Field(() => ByteCount, { description: "Size in bytes." })
  size!: number;

  @Field(() => String, { description: "image/jpeg, image/webp or image/png." })
  mimeType!: string;
}
