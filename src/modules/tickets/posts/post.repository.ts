import { and, eq, gt, isNotNull, isNull, lt, sql } from "drizzle-orm";
import { newId } from "../../../kernel/ids.js";
import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { deleteInBatches } from "../../../platform/database/in-batches.js";
import { keyset } from "../../../platform/database/keyset.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import { tickets } from "../ticket.tables.js";
import type { PostRow } from "./post.tables.js";
import { mediaPostFiles, mediaPosts } from "./post.tables.js";

/** Deleted ones too, so that the service can distinguish deleted ones from unknown ones. */
export async function findPost(db: Database, tenants: TenantScope, id: string): Promise<PostRow | null> {
  const [row] = await db
    .select()
    .from(mediaPosts)
    .where(and(eq(mediaPosts.id, id), inTenants(mediaPosts.companyId, tenants)));
  return row ?? null;
}

/** The posts that show a media file; deleted posts too. */
export async function listPostsOfFile(db: Database, tenants: TenantScope, mediaFileId: string) {
  return db
    .select({
      id: mediaPosts.id,
      ticketId: mediaPosts.ticketId,
      kind: mediaPosts.kind,
      deletedAt: mediaPosts.deletedAt,
    })
    .from(mediaPostFiles)
    .innerJoin(mediaPosts, eq(mediaPosts.id, mediaPostFiles.postId))
    .where(and(eq(mediaPostFiles.mediaFileId, mediaFileId), inTenants(mediaPosts.companyId, tenants)));
}

/** Posts that are in the lists of those who may read their ticket. */
export const livePosts = (tenants: TenantScope) =>
  and(isNull(mediaPosts.deletedAt), inTenants(mediaPosts.companyId, tenants));

export async function listLivePosts(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
): Promise<PostRow[]> {
  return db
    .select()
    .from(mediaPosts)
    .where(and(isAnyOf(mediaPosts.id, ids), livePosts(tenants)));
}

export const postOrder = { keys: [mediaPosts.createdAt, mediaPosts.id], descending: false };
export const postPosition = (row: Pick<PostRow, "createdAt" | "id">) => [row.createdAt.toISOString(), row.id];

/** One page of each ticket's posts, in one statement whatever the number of tickets. */
export async function listPostPages(
  db: Database,
  tenants: TenantScope,
  ticketIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<PostRow>>> {
  const { where, orderBy, limit } = keyset(postOrder, page);
  const ofTicket = db
    .select({ postId: sql<string>`${mediaPosts.id}`.as("post_id") })
    .from(mediaPosts)
    .where(and(eq(mediaPosts.ticketId, tickets.id), livePosts(tenants), where))
    .orderBy(...orderBy)
    .limit(limit)
    .as("of_ticket");
  const rows = await db
    .select({ post: mediaPosts })
    .from(tickets)
    .innerJoinLateral(ofTicket, sql`true`)
    .innerJoin(mediaPosts, eq(mediaPosts.id, ofTicket.postId))
    .where(isAnyOf(tickets.id, ticketIds))
    .orderBy(...orderBy);
  const byTicket = new Map<string, PostRow[]>(ticketIds.map((id) => [id, []]));
  for (const { post } of rows) byTicket.get(post.ticketId)?.push(post);
  return new Map([...byTicket].map(([id, read]) => [id, toPage(page, read)]));
}

export async function countPostsOfTickets(
  db: Database,
  tenants: TenantScope,
  ticketIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .select({ ticketId: mediaPosts.ticketId, count: sql<number>`count(*)::int` })
    .from(mediaPosts)
    .where(and(isAnyOf(mediaPosts.ticketId, ticketIds), livePosts(tenants)))
    .groupBy(mediaPosts.ticketId);
  return new Map(rows.map((row) => [row.ticketId, row.count]));
}

export type NewPost = Pick<PostRow, "companyId" | "ticketId" | "kind" | "authorId" | "description">;

export async function insertPost(tx: Database, post: NewPost): Promise<string> {
  const id = newId();
  await tx.insert(mediaPosts).values({ id, ...post });
  return id;
}

/** Sets `updatedAt` of a ticket whose posts have changed. */
export async function touchTicket(tx: Database, companyId: string, ticketId: string): Promise<void> {
  await tx
    .update(tickets)
    .set({ updatedAt: sql`now()` })
    .where(and(eq(tickets.companyId, companyId), eq(tickets.id, ticketId)));
}

const thisOne = (companyId: string, id: string) =>
  and(eq(mediaPosts.companyId, companyId), eq(mediaPosts.id, id));

/** @returns false when it has been deleted */
export async function touchPost(tx: Database, companyId: string, id: string): Promise<boolean> {
  const touched = await tx
    .update(mediaPosts)
    .set({ updatedAt: sql`now()` })
    .where(and(thisOne(companyId, id), isNull(mediaPosts.deletedAt)))
    .returning({ id: mediaPosts.id });
  return touched.length > 0;
}

/** @returns false when it has been deleted */
export async function updatePostDescription(
  tx: Database,
  companyId: string,
  id: string,
  description: string | null,
): Promise<boolean> {
  const updated = await tx
    .update(mediaPosts)
    .set({ description, updatedAt: sql`now()` })
    .where(and(thisOne(companyId, id), isNull(mediaPosts.deletedAt)))
    .returning({ id: mediaPosts.id });
  return updated.length > 0;
}

/** @returns false when it was deleted already */
export async function softDeletePost(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<boolean> {
  const deleted = await tx
    .update(mediaPosts)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(and(thisOne(companyId, id), isNull(mediaPosts.deletedAt)))
    .returning({ id: mediaPosts.id });
  return deleted.length > 0;
}

/** @returns false when it is not deleted, or was deleted before `deletedAfter` */
export async function restorePost(
  tx: Database,
  companyId: string,
  id: string,
  deletedAfter: Date,
): Promise<boolean> {
  const restored = await tx
    .update(mediaPosts)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(
      and(thisOne(companyId, id), isNotNull(mediaPosts.deletedAt), gt(mediaPosts.deletedAt, deletedAfter)),
    )
    .returning({ id: mediaPosts.id });
  return restored.length > 0;
}

/** Every tenant's: for the purge, which has no viewer. @returns how many */
export async function purgePosts(db: Database, deletedBefore: Date): Promise<number> {
  return deleteInBatches(
    db,
    mediaPosts,
    and(isNotNull(mediaPosts.deletedAt), lt(mediaPosts.deletedAt, deletedBefore)),
  );
}

/** Deleted or not. */
export async function purgePostsOfTicket(tx: Database, companyId: string, ticketId: string): Promise<void> {
  await tx
    .delete(mediaPosts)
    .where(and(eq(mediaPosts.companyId, companyId), eq(mediaPosts.ticketId, ticketId)));
}
