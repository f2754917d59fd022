import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { ByteCount } from "../../platform/graphql/scalars.js";

export const VariantsStatus = {
  PENDING: "PENDING",
  READY: "READY",
  FAILED: "FAILED",
  NOT_APPLICABLE: "NOT_APPLICABLE",
} as const;

registerEnumType(VariantsStatus, {
  name: "VariantsStatus",
  description: "How it stands with a file's renditions.",
  valuesConfig: {
    PENDING: { description: "They are being made; a moment later they are there." },
    READY: { description: "All of them are there." },
    FAILED: {
      description:
        "They could not be made; the file itself is whole. Where the reason may pass, such as a full disk, it is tried again later, and this is PENDING once more.",
    },
    NOT_APPLICABLE: { description: "This kind of file has none." },
  },
});

@ObjectType({
  description:
    "A rendition of an image or of a video's poster: upright, sRGB, without metadata, never larger than the original.",
  simpleResolvers: true,
})
export class MediaVariant {
  @Field(() => String, {
    description: "Its preset: large, medium, thumbnail, 64x64, logo, logo-thumbnail or favicon.",
  })
  name!: string;

  @Field(() => String, {
    description:
      "Absolute URL of its bytes: signed for this viewer, or in a public bucket the same for everybody.",
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
