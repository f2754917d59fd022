import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { perRequest, perRequestAndArguments } from "../../../platform/graphql/loaders.js";
import type { Viewer, ViewerContext } from "../../identity/viewer.js";
import { staffTenantsOf, tenantsOf } from "../../identity/viewer.js";
import { countOfTickets } from "../reply.repository.js";
import type { ReplyList } from "../ticket.loaders.js";
import { countPostsOfTickets, listPostPages, postPosition } from "./post.repository.js";
import type { PostFileRow, PostRow } from "./post.tables.js";
import { listFilesOfPosts } from "./post-file.repository.js";
import type { TimelineRow } from "./timeline.repository.js";
import { listTimelines, timelinePosition } from "./timeline.repository.js";

export type PostLoaders = ReturnType<typeof createPostLoaders>;

const scopeOf = (viewer: Viewer) => ({ tenants: tenantsOf(viewer), staffOf: staffTenantsOf(viewer) });
const nothing = { rows: [], hasNextPage: false, hasPreviousPage: false };

/** Of tickets that the viewer may read. */
export function createPostLoaders({ db }: { readonly db: Database }) {
  const files = perRequest<ViewerContext, string, readonly PostFileRow[]>(async ({ viewer }, ids) => {
    const byPost = new Map<string, PostFileRow[]>(ids.map((id) => [id, []]));
    for (const row of await listFilesOfPosts(db, tenantsOf(viewer), ids)) byPost.get(row.postId)?.push(row);
    return ids.map((id) => byPost.get(id) ?? []);
  });

  const postCounts = perRequest<ViewerContext, string, number>(async ({ viewer }, ids) => {
    const counts = await countPostsOfTickets(db, tenantsOf(viewer), ids);
    return ids.map((id) => counts.get(id) ?? 0);
  });

  const replyCounts = perRequest<ViewerContext, string, number>(async ({ viewer }, ids) => {
    const counts = await countOfTickets(db, scopeOf(viewer), ids);
    return ids.map((id) => counts.get(id) ?? 0);
  });

  const timelineCount = async (context: ViewerContext, id: string): Promise<number> => {
    const counts = await Promise.all([postCounts(context).load(id), replyCounts(context).load(id)]);
    return counts[0] + counts[1];
  };

  const posts = perRequestAndArguments<ViewerContext, PageArguments, string, Connection<PostRow>>(
    async (context, args, ids) => {
      const pages = await listPostPages(db, tenantsOf(context.viewer), ids, pageRequest(args));
      return ids.map((id) =>
        toConnection(pages.get(id) ?? nothing, postPosition, () => postCounts(context).load(id)),
      );
    },
  );

  const timeline = perRequestAndArguments<ViewerContext, ReplyList, string, Connection<TimelineRow>>(
    async (context, { withBodies, ...args }, ids) => {
      const list = { page: pageRequest(args), withBodies };
      const pages = await listTimelines(db, scopeOf(context.viewer), ids, list);
      return ids.map((id) =>
        toConnection(pages.get(id) ?? nothing, timelinePosition, () => timelineCount(context, id)),
      );
    },
  );

  return { files, posts, timeline };
}
