import type { Clock } from "../../../kernel/clock.js";
import type { Page, PageArguments, PageRequest } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import { restorableSince } from "../../../kernel/retention.js";
import type { Database } from "../../../platform/database/client.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { perRequest, perRequestAndArguments } from "../../../platform/graphql/loaders.js";
import { threadAttachments } from "../../attachments/thread-attachment.loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import { staffTenantsOf } from "../../identity/viewer.js";
import { isNotOnDeleted } from "../attachments/ticket-attachment.repository.js";
import type { DeletedScope } from "./deleted-items.repository.js";
import {
  countDeletedPosts,
  countDeletedReplies,
  deletionPosition,
  listDeletedPosts,
  listDeletedReplies,
} from "./deleted-items.repository.js";

export interface DeletedItemDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly retentionDays: number;
}

interface Deleted {
  readonly id: string;
  readonly deletedAt: Date | null;
}

type List<Row> = (
  db: Database,
  scope: DeletedScope,
  ids: readonly string[],
  page: PageRequest,
) => Promise<Map<string, Page<Row>>>;

type Count = (db: Database, scope: DeletedScope, ids: readonly string[]) => Promise<Map<string, number>>;

export type DeletedItemLoaders = ReturnType<typeof createDeletedItemLoaders>;

/** What was deleted on tickets that the viewer may read, for the staff of their companies; empty for others. */
export function createDeletedItemLoaders({ db, clock, retentionDays }: DeletedItemDeps) {
  const scopeOf = ({ viewer }: ViewerContext): DeletedScope => ({
    staffOf: staffTenantsOf(viewer),
    deletedAfter: restorableSince(clock, retentionDays),
  });
  const connections = <Row extends Deleted>(list: List<Row>, count: Count) => {
    const counts = perRequest<ViewerContext, string, number>(async (context, ids) => {
      const byTicket = await count(db, scopeOf(context), ids);
      return ids.map((id) => byTicket.get(id) ?? 0);
    });
    return perRequestAndArguments<ViewerContext, PageArguments, string, Connection<Row>>(
      async (context, args, ids) => {
        const pages = await list(db, scopeOf(context), ids, pageRequest(args));
        return ids.map((id) =>
          toConnection(pages.get(id) ?? nothing, deletionPosition, () => counts(context).load(id)),
        );
      },
    );
  };
  return {
    replies: connections(listDeletedReplies, countDeletedReplies),
    posts: connections(listDeletedPosts, countDeletedPosts),
    attachments: threadAttachments(db, (context) => {
      const { staffOf, deletedAfter } = scopeOf(context);
      return { tenants: staffOf, deletedAfter, where: isNotOnDeleted };
    }),
  };
}

const nothing = { rows: [], hasNextPage: false, hasPreviousPage: false };
