import type { SQL } from "drizzle-orm";
import { and, eq, gt, isNotNull, isNull, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import type { AttachmentView } from "../../attachments/attachment.repository.js";
import { joinedAttachments } from "../../attachments/attachment.repository.js";
import { attachments } from "../../attachments/attachment.tables.js";
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

type Deletable = typeof attachments | typeof replies | typeof mediaPosts;

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

/**
 * One page of each ticket's deleted attachments, in one statement: those of the ticket itself and of its replies. Those
 * of deleted replies are left out: they come back with them.
 */
export async function listDeletedAttachments(
  db: Database,
  scope: DeletedScope,
  ids: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<AttachmentView>>> {
  const { where, orderBy, limit } = keyset(latestFirst(attachments), page);
  const order = sql.join(orderBy, sql`, `);
  const toward = sql.raw(page.direction === "forward" ? "desc" : "asc");
  const listed = and(isListed(attachments, scope), where);
  const item = sql`${attachments.deletedAt} as at, ${attachments.id} as item_id`;
  const onTicket = sql`select ${item} from ${attachments}
    where ${attachments.ticketId} = ${tickets.id} and ${listed} order by ${order} limit ${limit}`;
  const onReplies = sql`select ${item} from ${replies} join ${attachments} on ${attachments.replyId} = ${replies.id}
    where ${and(eq(replies.ticketId, tickets.id), isNull(replies.deletedAt), listed)} order by ${order} limit ${limit}`;
  const found = await db
    .select({ ticketId: tickets.id, id: sql<string>`of_ticket.item_id` })
    .from(tickets)
    .innerJoinLateral(
      sql`((${onTicket}) union all (${onReplies}) order by at ${toward}, item_id ${toward} limit ${limit}) of_ticket`,
      sql`true`,
    )
    .where(isAnyOf(tickets.id, ids));
  const ticketOf = new Map(found.map(({ id, ticketId }) => [id, ticketId]));
  const rows = await joinedAttachments(db)
    .where(isAnyOf(attachments.id, [...ticketOf.keys()]))
    .orderBy(...orderBy);
  return byTicket(
    ids,
    page,
    rows.map((row) => ({ ticketId: ticketOf.get(row.id) ?? "", item: row })),
  );
}

const count = sql<number>`count(*)::int`;

const countsOf = (rows: readonly { readonly ticketId: string; readonly count: number }[]) =>
  new Map(rows.map((row) => [row.ticketId, row.count]));

/** How many there are of each ticket. */
const countDeletedIn =
  (table: typeof replies | typeof mediaPosts) =>
  async (db: Database, scope: DeletedScope, ids: readonly string[]): Promise<Map<string, number>> =>
    countsOf(
      await db
        .select({ ticketId: sql<string>`${table.ticketId}`, count })
        .from(table)
        .where(and(isAnyOf(table.ticketId, ids), isListed(table, scope)))
        .groupBy(table.ticketId),
    );

export const countDeletedReplies = countDeletedIn(replies);
export const countDeletedPosts = countDeletedIn(mediaPosts);

/** As `listDeletedAttachments` lists them. */
export async function countDeletedAttachments(
  db: Database,
  scope: DeletedScope,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const onTickets = await db
    .select({ ticketId: sql<string>`${attachments.ticketId}`, count })
    .from(attachments)
    .where(and(isAnyOf(attachments.ticketId, ids), isListed(attachments, scope)))
    .groupBy(attachments.ticketId);
  const onReplies = await db
    .select({ ticketId: replies.ticketId, count })
    .from(replies)
    .innerJoin(attachments, eq(attachments.replyId, replies.id))
    .where(and(isAnyOf(replies.ticketId, ids), isNull(replies.deletedAt), isListed(attachments, scope)))
    .groupBy(replies.ticketId);
  const [direct, answered] = [countsOf(onTickets), countsOf(onReplies)];
  return new Map(ids.map((id) => [id, (direct.get(id) ?? 0) + (answered.get(id) ?? 0)]));
}
