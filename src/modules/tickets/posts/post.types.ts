import type { ClassType } from "type-graphql";
import { createUnionType, Extensions, Field, InterfaceType, ObjectType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { SHORT_TEXT } from "../../../platform/graphql/documents/prices.js";
import { DateTime, ID } from "../../../platform/graphql/scalars.js";
import { Reply } from "../reply.types.js";
import type { PostRow } from "./post.tables.js";
import type { TimelineRow } from "./timeline.repository.js";
import { isPost } from "./timeline.repository.js";

const TYPE_OF = { PHOTO: "Photo", PHOTO_SERIES: "PhotoSeries", VIDEO_CLIP: "VideoClip" } as const;

@InterfaceType({
  description: "A photo, a series of photos or a clip on a ticket's timeline.",
  resolveType: ({ kind }: PostRow) => TYPE_OF[kind],
})
export abstract class Post {
  @Field(() => ID, { description: "The post's id." })
  id!: string;

  @Field(() => String, { nullable: true, description: "Description, plain text." })
  @Extensions(SHORT_TEXT)
  description!: string | null;

  @Field(() => DateTime, { description: "When it was posted." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it was last changed." })
  updatedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it was deleted; null if it is not deleted." })
  deletedAt!: Date | null;
}

@ObjectType({ implements: Post, description: "One photo on a ticket's timeline.", simpleResolvers: true })
export class Photo extends Post {}

@ObjectType({
  implements: Post,
  description: "An ordered series of photos with captions on a ticket's timeline.",
  simpleResolvers: true,
})
export class PhotoSeries extends Post {}

@ObjectType({
  implements: Post,
  description: "One short video on a ticket's timeline.",
  simpleResolvers: true,
})
export class VideoClip extends Post {}

@ObjectType({ description: "One photo of a series.", simpleResolvers: true })
export class SeriesPhoto {
  @Field(() => ID, { description: "Id of its media file, which identifies the photo in its series." })
  mediaFileId!: string;

  @Field(() => String, { nullable: true, description: "Caption, plain text." })
  @Extensions(SHORT_TEXT)
  caption!: string | null;
}

export const TimelineItem = createUnionType({
  name: "TimelineItem",
  description: "An item of a ticket's timeline.",
  types: () => [Reply, Photo, PhotoSeries, VideoClip] as const,
  resolveType: (row) => {
    const item = row as unknown as TimelineRow;
    return isPost(item) ? TYPE_OF[item.kind] : "Reply";
  },
});

@ObjectType({ description: "A page of a ticket's posts, oldest first.", simpleResolvers: true })
export class PostConnection extends connectionType("Post", () => Post as unknown as ClassType<Post>) {}

@ObjectType({ description: "A page of a ticket's timeline, oldest first.", simpleResolvers: true })
export class TimelineConnection extends connectionType(
  "TimelineItem",
  () => TimelineItem as unknown as ClassType<object>,
) {}
