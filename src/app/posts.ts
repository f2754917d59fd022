import { MIB } from "../kernel/bytes.js";
import { createPhotoSeriesService } from "../modules/tickets/photo-series.service.js";
import type { PostDeps } from "../modules/tickets/post.service.js";
import { createPostService } from "../modules/tickets/post.service.js";
import type { PostDeletionDeps } from "../modules/tickets/post-deletion.service.js";
import { createPostDeletionService } from "../modules/tickets/post-deletion.service.js";
import type { Config } from "../platform/config/config.js";

type PostsOptions = Omit<PostDeps & PostDeletionDeps, "postQuota"> & { readonly config: Config };

/** Builds what photos, series and clips on timelines need. */
export function createPosts({ config, ...deps }: PostsOptions) {
  const postQuota = { files: config.TICKET_POST_FILES, bytes: config.TICKET_POST_MEGABYTES * MIB };
  return {
    posts: createPostService({ ...deps, postQuota }),
    photoSeries: createPhotoSeriesService({ ...deps, postQuota }),
    postDeletions: createPostDeletionService({ ...deps, postQuota }),
  };
}
