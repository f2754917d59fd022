import type { Database } from "../../platform/database/client.js";
import type { AttachmentDeletionService } from "../attachments/attachment-deletion.service.js";
import { deleteTicketForGood, listPurgeableTickets, lockPurgeableTicket } from "./ticket-purge.repository.js";

export interface TicketPurgeDeps {
  readonly db: Database;
  readonly attachmentDeletions: AttachmentDeletionService;
}

const AT_ONCE = 100;

export type TicketPurgeService = ReturnType<typeof createTicketPurgeService>;

export const createTicketPurgeService = ({ db, attachmentDeletions }: TicketPurgeDeps) => ({
  /**
   * Removes tickets for good that were deleted before a moment, with their replies and attachments. Their files
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
          await deleteTicketForGood(tx, companyId, id);
          purged += 1;
        });
      }
      if (due.length < AT_ONCE) return purged;
    }
  },
});
