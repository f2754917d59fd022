import type { Database } from "../../../platform/database/client.js";
import { inOrderOf, perRequest } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { tenantsOf } from "../../identity/viewer.js";
import type { TicketLoaders } from "../ticket.loaders.js";
import { listLivePosts } from "./post.repository.js";
import type { PostRow } from "./post.tables.js";

export type PostUsageLoaders = ReturnType<typeof createPostUsageLoaders>;

export const createPostUsageLoaders = (db: Database, tickets: Pick<TicketLoaders, "byId">) => ({
  /** Live posts of tickets that the viewer may read, by their ids; null for others. */
  readable: perRequest<ViewerContext, string, PostRow | null>(async (context, ids) => {
    const rows = await listLivePosts(db, tenantsOf(context.viewer), ids);
    const read = await tickets.byId(context).loadMany(rows.map(({ ticketId }) => ticketId));
    const shown = rows.filter((_, index) => read[index] && !(read[index] instanceof Error));
    return inOrderOf(ids, shown, (post) => post.id);
  }),
});
