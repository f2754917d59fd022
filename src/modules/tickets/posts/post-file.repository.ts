import { and, asc, eq, gt, isNull, sql } from "drizzle-orm";
import { newId } from "../../../kernel/ids.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import { mediaFiles } from "../../media/media-file.tables.js";
import type { TicketLoad } from "../ticket-quota.repository.js";
import type { PostFileRow, PostRow } from "./post.tables.js";
import { mediaPostFiles, mediaPosts } from "./post.tables.js";

/** The files of posts in their order: at most 50 of each. */
export async function listFilesOfPosts(
  db: Database,
  tenants: TenantScope,
  postIds: readonly string[],
): Promise<PostFileRow[]> {
  return db
    .select()
    .from(mediaPostFiles)
    .where(and(isAnyOf(mediaPostFiles.postId, postIds), inTenants(mediaPostFiles.companyId, tenants)))
    .orderBy(asc(mediaPostFiles.postId), asc(mediaPostFiles.orderIndex));
}

const ofPost = (companyId: string, postId: string) =>
  and(eq(mediaPostFiles.companyId, companyId), eq(mediaPostFiles.postId, postId));

/** Of one post that the viewer has been authorised to change. */
export async function listFilesOfPost(
  db: Database,
  companyId: string,
  postId: string,
): Promise<PostFileRow[]> {
  return db
    .select()
    .from(mediaPostFiles)
    .where(ofPost(companyId, postId))
    .orderBy(asc(mediaPostFiles.orderIndex));
}

/** The files of a ticket's posts, deleted ones too, each with its post's kind. */
export async function listFilesOfTicketPosts(
  tx: Database,
  companyId: string,
  ticketId: string,
): Promise<{ postId: string; mediaFileId: string; kind: PostRow["kind"] }[]> {
  return tx
    .select({ postId: mediaPosts.id, mediaFileId: mediaPostFiles.mediaFileId, kind: mediaPosts.kind })
    .from(mediaPostFiles)
    .innerJoin(mediaPosts, eq(mediaPosts.id, mediaPostFiles.postId))
    .where(and(eq(mediaPosts.companyId, companyId), eq(mediaPosts.ticketId, ticketId)));
}

/** Files and bytes of a ticket's posts; exact under the ticket's lock. */
export async function findPostLoad(db: Database, companyId: string, ticketId: string): Promise<TicketLoad> {
  const [load] = await db
    .select({
      files: sql<number>`count(*)::int`,
      bytes: sql<number>`coalesce(sum(${mediaFiles.size}), 0)::float8`,
    })
    .from(mediaPosts)
    .innerJoin(mediaPostFiles, eq(mediaPostFiles.postId, mediaPosts.id))
    .innerJoin(mediaFiles, eq(mediaFiles.id, mediaPostFiles.mediaFileId))
    .where(
      and(
        eq(mediaPosts.companyId, companyId),
        eq(mediaPosts.ticketId, ticketId),
        isNull(mediaPosts.deletedAt),
      ),
    );
  return load ?? { files: 0, bytes: 0 };
}

/** A file for a post, with its caption. */
export interface NewPostFile {
  readonly mediaFileId: string;
  readonly caption: string | null;
}

/** @param from the position of the first of them */
export async function insertPostFiles(
  tx: Database,
  post: { readonly id: string; readonly companyId: string },
  files: readonly NewPostFile[],
  from: number,
): Promise<void> {
  const rows = files.map((file, index) => ({
    id: newId(),
    companyId: post.companyId,
    postId: post.id,
    orderIndex: from + index,
    ...file,
  }));
  await tx.insert(mediaPostFiles).values(rows);
}

/** @param mediaFileIds all of the post's, in their new order */
export async function updateOrder(
  tx: Database,
  companyId: string,
  postId: string,
  mediaFileIds: readonly string[],
): Promise<void> {
  const position = sql`array_position(${sql.param([...mediaFileIds])}::uuid[], ${mediaPostFiles.mediaFileId}) - 1`;
  await tx
    .update(mediaPostFiles)
    .set({ orderIndex: position, updatedAt: sql`now()` })
    .where(ofPost(companyId, postId));
}

export async function updateCaption(
  tx: Database,
  companyId: string,
  id: string,
  caption: string | null,
): Promise<void> {
  await tx
    .update(mediaPostFiles)
    .set({ caption, updatedAt: sql`now()` })
    .where(and(eq(mediaPostFiles.companyId, companyId), eq(mediaPostFiles.id, id)));
}

/** The positions of those after it are decremented. */
export async function deletePostFile(tx: Database, file: PostFileRow): Promise<void> {
  const { companyId, postId, id, orderIndex } = file;
  await tx
    .delete(mediaPostFiles)
    .where(and(eq(mediaPostFiles.companyId, companyId), eq(mediaPostFiles.id, id)));
  await tx
    .update(mediaPostFiles)
    .set({ orderIndex: sql`${mediaPostFiles.orderIndex} - 1` })
    .where(and(ofPost(companyId, postId), gt(mediaPostFiles.orderIndex, orderIndex)));
}
