import { MIB } from "../kernel/bytes.js";
import type { AttachmentDeletionService } from "../modules/attachments/attachment-deletion.service.js";
import { createPhotoSeriesService } from "../modules/tickets/photo-series.service.js";
import type { PostDeps } from "../modules/tickets/post.service.js";
import { createPostService } from "../modules/tickets/post.service.js";
import type { PostDeletionDeps } from "../modules/tickets/post-deletion.service.js";
import { createPostDeletionService } from "../modules/tickets/post-deletion.service.js";
import { createTicketDeletionService } from "../modules/tickets/ticket-deletion.service.js";
import { createTicketPurgeService } from "../modules/tickets/ticket-purge.service.js";
import type { Config } from "../platform/config/config.js";

interface TicketOptions extends Omit<PostDeps & PostDeletionDeps, "postQuota" | "retentionDays"> {
  readonly config: Config;
  readonly attachmentDeletions: AttachmentDeletionService;
}

/** Builds what is posted on tickets, and how tickets with all that hangs on them come to their end. */
export function createTickets({ config, attachmentDeletions, ...given }: TicketOptions) {
  const postQuota = { files: config.TICKET_POST_FILES, bytes: config.TICKET_POST_MEGABYTES * MIB };
  const deps = { ...given, postQuota, retentionDays: config.RETENTION_DAYS };
  const postDeletions = createPostDeletionService(deps);
  return {
    posts: createPostService(deps),
    photoSeries: createPhotoSeriesService(deps),
    postDeletions,
    ticketDeletions: createTicketDeletionService(deps),
    ticketPurge: createTicketPurgeService({ db: deps.db, attachmentDeletions, postDeletions }),
  };
}
