import type { SQL } from "drizzle-orm";
import { and, eq, gt, isNotNull, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import type { PostRow } from "../posts/post.tables.js";
import { mediaPosts } from "../posts/post.tables.js";
import type { ReplyRow } from "../reply.tables.js";
import { replies } from "../reply.tables.js";
import { tickets } from "../ticket.tables.js";

/** What is listed of what was deleted. */
export interface DeletedScope {
  /** The tenants whose staff the viewer belongs to. */
  readonly staffOf: TenantScope;
  /** What was deleted earlier is about to be purged and is not listed. */
  readonly deletedAfter: Date;
}

type Deletable = typeof replies | typeof mediaPosts;

const isListed = (table: Deletable, { staffOf, deletedAfter }: DeletedScope) =>
  and(isNotNull(table.deletedAt), gt(table.deletedAt, deletedAfter), inTenants(table.companyId, staffOf));

/** The latest deletion first. */
const latestFirst = (table: Deletable) => ({
  keys: [table.deletedAt, table.id] as readonly PgColumn[],
  descending: true,
});

export const deletionPosition = (row: { readonly id: string; readonly deletedAt: Date | null }) => [
  row.deletedAt?.toISOString() ?? null,
  row.id,
];

/** The ids of a page of each ticket, by one index: `tickets` is the ticket that is joined. */
function idsOf(table: typeof replies | typeof mediaPosts, scope: DeletedScope, page: PageRequest): SQL {
  const { where, orderBy, limit } = keyset(latestFirst(table), page);
  return sql`(select ${table.id} as item_id from ${table}
    where ${and(eq(table.ticketId, tickets.id), isListed(table, scope), where)}
    order by ${sql.join(orderBy, sql`, `)} limit ${limit}) of_ticket`;
}

function byTicket<Row>(
  ids: readonly string[],
  page: PageRequest,
  rows: readonly { readonly ticketId: string; readonly item: Row }[],
): Map<string, Page<Row>> {
  const read = new Map<string, Row[]>(ids.map((id) => [id, []]));
  for (const { ticketId, item } of rows) read.get(ticketId)?.push(item);
  return new Map([...read].map(([id, items]) => [id, toPage(page, items)]));
}

/** One page of each ticket's deleted replies, in one statement. */
export async function listDeletedReplies(
  db: Database,
  scope: DeletedScope,
  ids: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<ReplyRow>>> {
  const rows = await db
    .select({ ticketId: tickets.id, item: replies })
    .from(tickets)
    .innerJoinLateral(idsOf(replies, scope, page), sql`true`)
    .innerJoin(replies, sql`${replies.id} = of_ticket.item_id`)
    .where(isAnyOf(tickets.id, ids))
    .orderBy(...keyset(latestFirst(replies), page).orderBy);
  return byTicket(ids, page, rows);
}

/** One page of each ticket's deleted posts, in one statement. */
export async function listDeletedPosts(
  db: Database,
  scope: DeletedScope,
  ids: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<PostRow>>> {
  const rows = await db
    .select({ ticketId: tickets.id, item: mediaPosts })
    .from(tickets)
    .innerJoinLateral(idsOf(mediaPosts, scope, page), sql`true`)
    .innerJoin(mediaPosts, sql`${mediaPosts.id} = of_ticket.item_id`)
    .where(isAnyOf(tickets.id, ids))
    .orderBy(...keyset(latestFirst(mediaPosts), page).orderBy);
  return byTicket(ids, page, rows);
}

/** How many there are of each ticket. */
const countDeletedIn =
  (table: typeof replies | typeof mediaPosts) =>
  async (db: Database, scope: DeletedScope, ids: readonly string[]): Promise<Map<string, number>> => {
    const rows = await db
      .select({ ticketId: sql<string>`${table.ticketId}`, count: sql<number>`count(*)::int` })
      .from(table)
      .where(and(isAnyOf(table.ticketId, ids), isListed(table, scope)))
      .groupBy(table.ticketId);
    return new Map(rows.map((row) => [row.ticketId, row.count]));
  };

export const countDeletedReplies = countDeletedIn(replies);
export const countDeletedPosts = countDeletedIn(mediaPosts);
