import type { Clock } from "../../../kernel/clock.js";
import { gone } from "../../../kernel/errors.js";
import { restorableSince } from "../../../kernel/retention.js";
import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import { softDeleteUnusedMediaFiles } from "../../media/media-file.repository.js";
import { deleteUsage, insertUsages } from "../../media/media-usage.repository.js";
import type { TicketQuota } from "../ticket-quota.repository.js";
import { writeOnTicket } from "../write-on-ticket.js";
import { requireAnyPost, requirePost, rereadPost } from "./find-post.js";
import { auditPost } from "./post.audit.js";
import { recordPostEvent } from "./post.events.js";
import * as repository from "./post.repository.js";
import type { PostRow } from "./post.tables.js";
import { findPostLoad, listFilesOfPost, listFilesOfTicketPosts } from "./post-file.repository.js";
import { wasUploadedForUse } from "./post-file-origin.repository.js";
import { refuseOverPostQuota } from "./post-items.js";
import { usageOf } from "./post-usage.js";
import { reclaimFile, releaseFile } from "./release-file.js";

export interface PostDeletionDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly retentionDays: number;
  readonly postQuota: TicketQuota;
}

export type PostDeletionService = ReturnType<typeof createPostDeletionService>;

export const createPostDeletionService = (deps: PostDeletionDeps) => ({
  /**
   * It is removed from all lists, and the URLs of its files answer 410 unless something else uses them. Files that
   * were in the library before they were posted stay there.
   */
  deletePost: (viewer: Viewer, id: string) => deletePost(deps, viewer, id),

  /** @throws GONE after the retention or when a file of it has been deleted in the library, QUOTA_EXCEEDED when the ticket has no room for it any more */
  restorePost: (viewer: Viewer, id: string) => restorePost(deps, viewer, id),

  /**
   * Removes the posts of a ticket that is being purged; their files are left to the media module's purge.
   *
   * @param deletedBefore moment before which the files count as deleted, as the ticket does
   */
  purgeAllOf: (
    tx: Database,
    ticket: { readonly id: string; readonly companyId: string },
    deletedBefore: Date,
  ) => purgeAllOf(tx, ticket, deletedBefore),

  /** The ids of a ticket's posts that have files, deleted ones too. */
  listAllOf: async (ticket: { readonly id: string; readonly companyId: string }): Promise<string[]> => {
    const files = await listFilesOfTicketPosts(deps.db, ticket.companyId, ticket.id);
    return [...new Set(files.map(({ postId }) => postId))];
  },

  /** Purges the rows of posts that were deleted before a moment; their files are left to the media module. @returns how many */
  purgeDeleted: (deletedBefore: Date): Promise<number> => repository.purgePosts(deps.db, deletedBefore),
});

async function deletePost({ db }: PostDeletionDeps, viewer: Viewer, id: string): Promise<PostRow> {
  const found = await requirePost(db, viewer, id, "delete");
  const { companyId } = found.post;
  await writeOnTicket(db, found, async (tx, by) => {
    const { post } = await requirePost(tx, by, id, "delete");
    if (!(await repository.softDeletePost(tx, companyId, post.id, by.id))) throw gone("post");
    for (const mediaFileId of await fileIdsOf(tx, post)) await releaseFile(tx, by, post, mediaFileId);
    await repository.touchTicket(tx, companyId, post.ticketId);
    recordPostEvent(tx, post, "post.deleted");
    await auditPost(tx, by, "post.deleted", post);
  });
  return rereadPost(db, found.viewer, id);
}

/** In the order of their ids, as everywhere, so that transactions that lock several files do not deadlock. */
const fileIdsOf = async (tx: Database, post: PostRow): Promise<string[]> =>
  (await listFilesOfPost(tx, post.companyId, post.id)).map(({ mediaFileId }) => mediaFileId).sort();

async function restorePost(deps: PostDeletionDeps, viewer: Viewer, id: string): Promise<PostRow> {
  const { db, clock, retentionDays, postQuota } = deps;
  const found = await requireAnyPost(db, viewer, id, "restore");
  if (found.post.deletedAt === null) return found.post;
  const { companyId, ticketId } = found.post;
  const deletedAfter = restorableSince(clock, retentionDays);
  await writeOnTicket(db, found, async (tx, by) => {
    const { post } = await requireAnyPost(tx, by, id, "restore");
    if (post.deletedAt === null) return; // somebody else has restored it meanwhile
    if (!(await repository.restorePost(tx, companyId, id, deletedAfter))) throw gone("post");
    refuseOverPostQuota(await findPostLoad(tx, companyId, ticketId), postQuota, { files: 0, bytes: 0 });
    for (const mediaFileId of await fileIdsOf(tx, post)) {
      if (!(await reclaimFile(tx, by, companyId, mediaFileId))) throw gone("post");
      await insertUsages(tx, [usageOf(post, mediaFileId)]);
    }
    await repository.touchTicket(tx, companyId, ticketId);
    // It appears on the timeline as a new post does.
    recordPostEvent(tx, post, "post.added");
    await auditPost(tx, by, "post.restored", post);
  });
  return rereadPost(db, found.viewer, id);
}

async function purgeAllOf(
  tx: Database,
  { id: ticketId, companyId }: { readonly id: string; readonly companyId: string },
  deletedBefore: Date,
): Promise<void> {
  const files = await listFilesOfTicketPosts(tx, companyId, ticketId);
  for (const { postId, kind, mediaFileId } of files)
    await deleteUsage(tx, usageOf({ id: postId, companyId, kind }, mediaFileId));
  const ids: string[] = [];
  for (const mediaFileId of new Set(files.map((file) => file.mediaFileId)))
    if (await wasUploadedForUse(tx, companyId, mediaFileId)) ids.push(mediaFileId);
  await repository.purgePostsOfTicket(tx, companyId, ticketId);
  const due = new Date(deletedBefore.getTime() - 1);
  await softDeleteUnusedMediaFiles(tx, companyId, ids, due);
}
