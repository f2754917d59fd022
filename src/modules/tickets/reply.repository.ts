import { and, eq, getTableColumns, gt, isNotNull, isNull, lt, ne, or, sql } from "drizzle-orm";
import { newId } from "../../kernel/ids.js";
import type { Page, PageRequest } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { deleteInBatches } from "../../platform/database/in-batches.js";
import { keyset } from "../../platform/database/keyset.js";
import { inTenants } from "../identity/tenant.repository.js";
import { users } from "../identity/user.tables.js";
import type { Person } from "../identity/users/user.repository.js";
import { personColumns } from "../identity/users/user.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { ReplyRow } from "./reply.tables.js";
import { replies } from "./reply.tables.js";
import { tickets } from "./ticket.tables.js";

/** Whose replies a viewer may read on tickets that they may read: internal ones are for staff. */
export interface ReplyScope {
  readonly tenants: TenantScope;
  readonly staffOf: TenantScope;
}

/** A reply in a list: `body`, which may be 50,000 characters long, is read only if it is selected. */
export type ListedReply = Omit<ReplyRow, "body"> & { readonly body?: string };

const { body, ...listedColumns } = getTableColumns(replies);

/** The columns of a `ListedReply`. */
export const replyColumns = (withBodies: boolean): typeof listedColumns =>
  withBodies ? getTableColumns(replies) : listedColumns;

/** A page of each ticket's list. */
export interface ReplyPage {
  readonly page: PageRequest;
  /** Whether the replies' bodies are read with them. */
  readonly withBodies: boolean;
}

const withIds = (tenants: TenantScope, ids: readonly string[]) =>
  and(isAnyOf(replies.id, ids), inTenants(replies.companyId, tenants));

/** Deleted ones too, so that the service can distinguish deleted ones from unknown ones. */
export async function listRepliesByIds(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
): Promise<ListedReply[]> {
  return db.select(listedColumns).from(replies).where(withIds(tenants, ids));
}

/** As `listRepliesByIds`, with their bodies. */
export async function listWholeReplies(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
): Promise<ReplyRow[]> {
  return db.select().from(replies).where(withIds(tenants, ids));
}

/** Of deleted replies too. */
export async function listReplyBodies(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
): Promise<Pick<ReplyRow, "id" | "body">[]> {
  return db.select({ id: replies.id, body }).from(replies).where(withIds(tenants, ids));
}

/** Deleted or not, as `listRepliesByIds`. */
export async function findReply(db: Database, tenants: TenantScope, id: string): Promise<ReplyRow | null> {
  const [row] = await listWholeReplies(db, tenants, [id]);
  return row ?? null;
}

export const replyOrder = { keys: [replies.createdAt, replies.id], descending: false };
export const replyPosition = (row: ListedReply) => [row.createdAt.toISOString(), row.id];

export const readable = ({ tenants, staffOf }: ReplyScope) =>
  and(
    isNull(replies.deletedAt),
    inTenants(replies.companyId, tenants),
    or(eq(replies.isInternal, false), inTenants(replies.companyId, staffOf)),
  );

/** A reply with its author, which almost every list of replies selects. */
export type SignedReply = ListedReply & { readonly author: Person };

/** One page of each ticket's replies, in one statement whatever the number of tickets. */
export async function listPagesOfTickets(
  db: Database,
  scope: ReplyScope,
  ticketIds: readonly string[],
  { page, withBodies }: ReplyPage,
): Promise<Map<string, Page<SignedReply>>> {
  const { where, orderBy, limit } = keyset(replyOrder, page);
  const ofTicket = db
    .select({ replyId: sql<string>`${replies.id}`.as("reply_id") })
    .from(replies)
    .where(and(eq(replies.ticketId, tickets.id), readable(scope), where))
    .orderBy(...orderBy)
    .limit(limit)
    .as("of_ticket");
  const rows = await db
    .select({ ...replyColumns(withBodies), author: personColumns })
    .from(tickets)
    .innerJoinLateral(ofTicket, sql`true`)
    .innerJoin(replies, eq(replies.id, ofTicket.replyId))
    .innerJoin(users, eq(users.id, replies.authorId))
    .where(isAnyOf(tickets.id, ticketIds))
    .orderBy(...orderBy);
  const byTicket = new Map<string, SignedReply[]>(ticketIds.map((id) => [id, []]));
  for (const row of rows) byTicket.get(row.ticketId)?.push(row);
  return new Map([...byTicket].map(([id, read]) => [id, toPage(page, read)]));
}

export async function countOfTickets(db: Database, scope: ReplyScope, ticketIds: readonly string[]) {
  const rows = await db
    .select({ ticketId: replies.ticketId, count: sql<number>`count(*)::int` })
    .from(replies)
    .where(and(isAnyOf(replies.ticketId, ticketIds), readable(scope)))
    .groupBy(replies.ticketId);
  return new Map(rows.map((row) => [row.ticketId, row.count]));
}

export type NewReply = Pick<ReplyRow, "companyId" | "ticketId" | "authorId" | "body" | "isInternal">;

/** Also sets `updatedAt` of the ticket, unless the reply is internal: customers must not notice it. */
export async function insertReply(tx: Database, reply: NewReply): Promise<string> {
  const id = newId();
  await tx.insert(replies).values({ id, ...reply });
  await touchTicket(tx, reply);
  return id;
}

async function touchTicket(
  tx: Database,
  { companyId, ticketId, isInternal }: Pick<ReplyRow, "companyId" | "ticketId" | "isInternal">,
): Promise<void> {
  if (isInternal) return;
  await tx
    .update(tickets)
    .set({ updatedAt: sql`now()` })
    .where(and(eq(tickets.companyId, companyId), eq(tickets.id, ticketId)));
}

/** @returns false when the body is the same, or the reply has been deleted */
export async function updateReplyBody(
  tx: Database,
  companyId: string,
  id: string,
  body: string,
): Promise<boolean> {
  const updated = await tx
    .update(replies)
    .set({ body, updatedAt: sql`now()` })
    .where(
      and(
        eq(replies.companyId, companyId),
        eq(replies.id, id),
        isNull(replies.deletedAt),
        ne(replies.body, body),
      ),
    )
    .returning({ id: replies.id });
  return updated.length > 0;
}

/** @returns false when it was deleted already */
export async function softDeleteReply(
  db: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<boolean> {
  const deleted = await db
    .update(replies)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(and(eq(replies.companyId, companyId), eq(replies.id, id), isNull(replies.deletedAt)))
    .returning({ id: replies.id });
  return deleted.length > 0;
}

/** Also sets `updatedAt` of the ticket, as `insertReply` does. @returns false when it is not deleted, or was deleted before `deletedAfter` */
export async function restoreReply(
  tx: Database,
  reply: Pick<ReplyRow, "id" | "companyId" | "ticketId" | "isInternal">,
  deletedAfter: Date,
): Promise<boolean> {
  const restored = await tx
    .update(replies)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(
      and(
        eq(replies.companyId, reply.companyId),
        eq(replies.id, reply.id),
        isNotNull(replies.deletedAt),
        gt(replies.deletedAt, deletedAfter),
      ),
    )
    .returning({ id: replies.id });
  if (restored.length > 0) await touchTicket(tx, reply);
  return restored.length > 0;
}

/** Every tenant's: for the purge, which has no viewer. Their attachments, which were deleted with them or before, are purged first. */
export async function purgeReplies(db: Database, deletedBefore: Date): Promise<void> {
  await deleteInBatches(db, replies, and(isNotNull(replies.deletedAt), lt(replies.deletedAt, deletedBefore)));
}
