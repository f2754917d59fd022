import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { ViewerContext } from "../../identity/viewer.js";
import { MediaUsage } from "../../media/library/media-usage.types.js";
import type { MediaUsageView } from "../../media/media-usage.repository.js";
import { Post } from "./post.types.js";
import { isPostType } from "./post-usage.js";
import type { PostUsageLoaders } from "./post-usage.loaders.js";

/** The link from a file's usage to the post that uses it. */
@Resolver(() => MediaUsage)
export class PostUsageResolver {
  constructor(private readonly posts: PostUsageLoaders) {}

  @FieldResolver(() => Post, {
    nullable: true,
    description:
      "The post that uses it, if `resourceType` is `photo`, `photo-series` or `video-clip`; for viewers who may read its ticket.",
  })
  post(@Root() usage: MediaUsageView, @Ctx() context: ViewerContext) {
    return isPostType(usage.resourceType) ? this.posts.readable(context).load(usage.resourceId) : null;
  }
}
