import { Field, ObjectType } from "type-graphql";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";

@ObjectType({ description: "One place where a file is used.", simpleResolvers: true })
export class MediaUsage {
  @Field(() => String, {
    description:
      "What uses it: `attachment`, `company`, `user`, `photo`, `photo-series` or `video-clip` of Filedesk, or a resource outside.",
  })
  resourceType!: string;

  @Field(() => ID, { description: "Which one." })
  resourceId!: string;

  @Field(() => String, { description: "In which of its fields." })
  fieldName!: string;

  @Field(() => DateTime, { description: "Since when." })
  createdAt!: Date;
}
