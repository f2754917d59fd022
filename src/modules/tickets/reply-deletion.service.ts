import type { Clock } from "../../kernel/clock.js";
import { gone } from "../../kernel/errors.js";
import { restorableSince } from "../../kernel/retention.js";
import type { Database } from "../../platform/database/client.js";
import type { AttachmentDeletionService } from "../attachments/attachment-deletion.service.js";
import type { Viewer } from "../identity/viewer.js";
import { requireAnyReply, requireReply, rereadReply } from "./find-ticket.js";
import { auditReply } from "./reply.audit.js";
import * as repository from "./reply.repository.js";
import type { ReplyRow } from "./reply.tables.js";
import { recordReplyEvent } from "./ticket.events.js";
import { writeOnTicket } from "./write-on-ticket.js";

export interface ReplyDeletionDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly retentionDays: number;
  readonly attachmentDeletions: Pick<AttachmentDeletionService, "softDeleteAllOf" | "restoreAllOf">;
}

export type ReplyDeletionService = ReturnType<typeof createReplyDeletionService>;

export const createReplyDeletionService = (deps: ReplyDeletionDeps) => ({
  /** Its files are deleted with it, and no longer count towards the quota. */
  deleteReply: (viewer: Viewer, id: string) => deleteReply(deps, viewer, id),

  /**
   * With the files that were deleted with it; those that were deleted before it stay deleted.
   *
   * @throws GONE after the retention, QUOTA_EXCEEDED if the ticket has no room for its files any more
   */
  restoreReply: (viewer: Viewer, id: string) => restoreReply(deps, viewer, id),

  /** Purges the rows of replies that were deleted before a moment. Their attachments are purged before. */
  purgeDeleted: (deletedBefore: Date): Promise<void> => repository.purgeReplies(deps.db, deletedBefore),
});

const parentOf = ({ id, companyId }: ReplyRow) => ({ companyId, parent: { kind: "reply", id } as const });

async function deleteReply(
  { db, attachmentDeletions }: ReplyDeletionDeps,
  viewer: Viewer,
  id: string,
): Promise<ReplyRow> {
  const found = await requireReply(db, viewer, id, "delete");
  await writeOnTicket(db, found, async (tx, by) => {
    const { reply } = await requireReply(tx, by, id, "delete");
    if (!(await repository.softDeleteReply(tx, reply.companyId, id, by.id))) throw gone("reply");
    recordReplyEvent(tx, reply, "reply.deleted");
    await attachmentDeletions.softDeleteAllOf(tx, by, parentOf(reply));
    await auditReply(tx, by, "reply.deleted", reply);
  });
  return rereadReply(db, found.viewer, id);
}

async function restoreReply(deps: ReplyDeletionDeps, viewer: Viewer, id: string): Promise<ReplyRow> {
  const { db, clock, retentionDays, attachmentDeletions } = deps;
  const found = await requireAnyReply(db, viewer, id, "restore");
  if (found.reply.deletedAt === null) return found.reply;
  const deletedAfter = restorableSince(clock, retentionDays);
  await writeOnTicket(db, found, async (tx, by) => {
    const { reply } = await requireAnyReply(tx, by, id, "restore");
    if (reply.deletedAt === null) return; // somebody else has restored it meanwhile
    if (!(await repository.restoreReply(tx, reply, deletedAfter))) throw gone("reply");
    // It appears in the thread as a new reply does, with its files.
    recordReplyEvent(tx, reply, "reply.added");
    await attachmentDeletions.restoreAllOf(tx, by, parentOf(reply), reply.deletedAt);
    await auditReply(tx, by, "reply.restored", reply);
  });
  return rereadReply(db, found.viewer, id);
}
