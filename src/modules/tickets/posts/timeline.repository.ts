import { and, eq, sql } from "drizzle-orm";
import type { Page } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import type { ListedReply, ReplyPage, ReplyScope } from "../reply.repository.js";
import { readable, replyColumns, replyOrder } from "../reply.repository.js";
import { replies } from "../reply.tables.js";
import { tickets } from "../ticket.tables.js";
import { livePosts, postOrder } from "./post.repository.js";
import type { PostRow } from "./post.tables.js";
import { mediaPosts } from "./post.tables.js";

/** An item of a ticket's timeline. */
export type TimelineRow = ListedReply | PostRow;

export const isPost = (row: TimelineRow): row is PostRow => "kind" in row;

export const timelinePosition = (row: TimelineRow) => [row.createdAt.toISOString(), row.id];

/**
 * One page of each ticket's replies and posts by time, in one statement whatever the number of tickets. Each table
 * is read by its own index for one page at most; ids are unique across both.
 */
export async function listTimelines(
  db: Database,
  scope: ReplyScope,
  ticketIds: readonly string[],
  { page, withBodies }: ReplyPage,
): Promise<Map<string, Page<TimelineRow>>> {
  const ofReplies = keyset(replyOrder, page);
  const ofPosts = keyset(postOrder, page);
  const { limit } = ofReplies;
  const direction = sql.raw(page.direction === "forward" ? "asc" : "desc");
  const byTime = sql`order by at ${direction}, item_id ${direction}`;
  const replyPart = sql`select ${replies.createdAt} as at, ${replies.id} as item_id from ${replies}
    where ${and(eq(replies.ticketId, tickets.id), readable(scope), ofReplies.where)} ${byTime} limit ${limit}`;
  const postPart = sql`select ${mediaPosts.createdAt} as at, ${mediaPosts.id} as item_id from ${mediaPosts}
    where ${and(eq(mediaPosts.ticketId, tickets.id), livePosts(scope.tenants), ofPosts.where)} ${byTime} limit ${limit}`;
  const ofTicket = sql`((${replyPart}) union all (${postPart}) ${byTime} limit ${limit}) of_ticket`;
  const rows = await db
    .select({ ticketId: tickets.id, reply: replyColumns(withBodies), post: mediaPosts })
    .from(tickets)
    .innerJoinLateral(ofTicket, sql`true`)
    .leftJoin(replies, sql`${replies.id} = of_ticket.item_id`)
    .leftJoin(mediaPosts, sql`${mediaPosts.id} = of_ticket.item_id`)
    .where(isAnyOf(tickets.id, ticketIds))
    .orderBy(sql`of_ticket.at ${direction}`, sql`of_ticket.item_id ${direction}`);
  const byTicket = new Map<string, TimelineRow[]>(ticketIds.map((id) => [id, []]));
  for (const { ticketId, reply, post } of rows) {
    const item = reply ?? post;
    if (item !== null) byTicket.get(ticketId)?.push(item);
  }
  return new Map([...byTicket].map(([id, read]) => [id, toPage(page, read)]));
}
