import { MIB } from "../../kernel/bytes.js";
import type { AttachmentService } from "../../modules/attachments/attachment.service.js";
import type { AttachmentDeletionService } from "../../modules/attachments/attachment-deletion.service.js";
import { createAttachmentUploadService } from "../../modules/tickets/attachment-upload.service.js";
import { createTicketDeletionService } from "../../modules/tickets/deletion/ticket-deletion.service.js";
import { createPhotoSeriesService } from "../../modules/tickets/posts/photo-series.service.js";
import type { PostDeps } from "../../modules/tickets/posts/post.service.js";
import { createPostService } from "../../modules/tickets/posts/post.service.js";
import { createPostChangeService } from "../../modules/tickets/posts/post-change.service.js";
import type { PostDeletionDeps } from "../../modules/tickets/posts/post-deletion.service.js";
import { createPostDeletionService } from "../../modules/tickets/posts/post-deletion.service.js";
import { createReplyService } from "../../modules/tickets/reply.service.js";
import { createReplyDeletionService } from "../../modules/tickets/reply-deletion.service.js";
import { createTicketService } from "../../modules/tickets/ticket.service.js";
import { createTicketParticipantService } from "../../modules/tickets/ticket-participant.service.js";
import type { TicketQuota } from "../../modules/tickets/ticket-quota.repository.js";
import type { Config } from "../../platform/config/config.js";

export const postQuotaOf = (config: Config): TicketQuota => ({
  files: config.TICKET_POST_FILES,
  bytes: config.TICKET_POST_MEGABYTES * MIB,
});

interface TicketOptions extends Omit<PostDeps & PostDeletionDeps, "postQuota" | "retentionDays"> {
  readonly config: Config;
  readonly quota: TicketQuota;
  readonly attachments: AttachmentService;
  readonly attachmentDeletions: AttachmentDeletionService;
}

/** Builds the services for tickets, replies and posts, and for deleting and purging them. */
export function createTickets({ config, quota, attachments, attachmentDeletions, ...given }: TicketOptions) {
  const deps = { ...given, postQuota: postQuotaOf(config), retentionDays: config.RETENTION_DAYS };
  const postDeletions = createPostDeletionService(deps);
  const files = { db: deps.db, ingest: deps.ingest, attachments, quota };
  return {
    tickets: createTicketService(files),
    ticketParticipants: createTicketParticipantService(deps),
    replies: createReplyService(files),
    replyDeletions: createReplyDeletionService({ ...deps, attachmentDeletions }),
    uploads: createAttachmentUploadService(files),
    ticketQuota: quota,
    posts: createPostService(deps),
    photoSeries: createPhotoSeriesService(deps),
    postChanges: createPostChangeService(deps),
    postDeletions,
    ticketDeletions: createTicketDeletionService(deps),
  };
}
