import type { Clock } from "../../kernel/clock.js";
import { DAY_MS } from "../../kernel/clock.js";
import type { Job } from "../../platform/jobs/job.js";
import type { AttachmentDeletionService } from "../attachments/attachment-deletion.service.js";
import type { MediaFileService } from "../media/media-file.service.js";
import type { TicketPurgeService } from "./ticket-purge.service.js";

export interface PurgeDeletedDeps {
  readonly ticketPurge: Pick<TicketPurgeService, "purgeDeleted">;
  readonly attachmentDeletions: Pick<AttachmentDeletionService, "purgeDeleted">;
  readonly mediaFiles: Pick<MediaFileService, "purgeDeleted">;
  readonly clock: Clock;
  /** How long something deleted can be restored. */
  readonly retentionDays: number;
}

/** Removes for good what was deleted long enough ago: rows from the top down, then their files. */
export const createPurgeDeletedJob = (deps: PurgeDeletedDeps): Job => ({
  name: "purge-deleted",
  atOnce: 1,
  timeoutSeconds: 3_600,
  retries: 3,
  cron: "7 * * * *",
  async run() {
    const deletedBefore = new Date(deps.clock().getTime() - deps.retentionDays * DAY_MS);
    const tickets = await deps.ticketPurge.purgeDeleted(deletedBefore);
    await deps.attachmentDeletions.purgeDeleted(deletedBefore);
    return { tickets, files: await deps.mediaFiles.purgeDeleted(deletedBefore) };
  },
});
