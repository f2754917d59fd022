import { Field, ObjectType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";

@ObjectType({
  description: "A usage of a file: a field of a resource that refers to it.",
  simpleResolvers: true,
})
export class MediaUsage {
  @Field(() => String, {
    description:
      "Type of the resource that uses the file: `attachment`, `company`, `user`, `photo`, `photo-series` or `video-clip`, or a type of an external application.",
  })
  resourceType!: string;

  @Field(() => ID, { description: "Id of the resource." })
  resourceId!: string;

  @Field(() => String, { description: "Field of the resource that uses the file." })
  fieldName!: string;

  @Field(() => DateTime, { description: "When the usage was registered." })
  createdAt!: Date;
}

@ObjectType({ description: "A page of usages.", simpleResolvers: true })
export class MediaUsageConnection extends connectionType("MediaUsage", () => MediaUsage) {}
