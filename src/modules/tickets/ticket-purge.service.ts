import type { Database } from "../../platform/database/client.js";
import type { AttachmentDeletionService } from "../attachments/attachment-deletion.service.js";
import type { PostDeletionService } from "./post-deletion.service.js";
import { deleteTicketForGood, listPurgeableTickets, lockPurgeableTicket } from "./ticket-purge.repository.js";

export interface TicketPurgeDeps {
  readonly db: Database;
  readonly attachmentDeletions: AttachmentDeletionService;
  readonly postDeletions: Pick<PostDeletionService, "purgeAllOf">;
}

const AT_ONCE = 100;

export const createTicketPurgeService = ({ db, attachmentDeletions, postDeletions }: TicketPurgeDeps) => ({
  /**
   * Removes tickets for good that were deleted before a moment, with their replies, attachments and posts. Their files
   * become due for the media module's purge.
   *
   * @returns how many tickets were removed
   */
  async purgeDeleted(deletedBefore: Date): Promise<number> {
    let purged = 0;
    for (;;) {
      const due = await listPurgeableTickets(db, deletedBefore, AT_ONCE);
      for (const { id, companyId } of due) {
        await db.transaction(async (tx) => {
          const replyIds = await lockPurgeableTicket(tx, id, deletedBefore);
          if (replyIds === null) return;
          const parents = [
            { kind: "ticket", id } as const,
            ...replyIds.map((id) => ({ kind: "reply", id }) as const),
          ];
          for (const parent of parents)
            await attachmentDeletions.purgeAllOf(tx, { companyId, parent }, deletedBefore);
          await postDeletions.purgeAllOf(tx, { id, companyId }, deletedBefore);
          await deleteTicketForGood(tx, companyId, id);
          purged += 1;
        });
      }
      if (due.length < AT_ONCE) return purged;
    }
  },
});
