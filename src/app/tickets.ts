import { MIB } from "../kernel/bytes.js";
import { createAttachmentService } from "../modules/attachments/attachment.service.js";
import { createAttachmentDeletionService } from "../modules/attachments/attachment-deletion.service.js";
import type { AttachmentParents } from "../modules/attachments/parents.js";
import { createPhotoSeriesService } from "../modules/tickets/photo-series.service.js";
import type { PostDeps } from "../modules/tickets/post.service.js";
import { createPostService } from "../modules/tickets/post.service.js";
import type { PostDeletionDeps } from "../modules/tickets/post-deletion.service.js";
import { createPostDeletionService } from "../modules/tickets/post-deletion.service.js";
import { createReplyService } from "../modules/tickets/reply.service.js";
import { createTicketService } from "../modules/tickets/ticket.service.js";
import { createTicketDeletionService } from "../modules/tickets/ticket-deletion.service.js";
import { createTicketParticipantService } from "../modules/tickets/ticket-participant.service.js";
import type { TicketQuota } from "../modules/tickets/ticket-quota.repository.js";
import { createUploadService } from "../modules/tickets/upload.service.js";
import type { Config } from "../platform/config/config.js";

interface TicketOptions extends Omit<PostDeps & PostDeletionDeps, "postQuota" | "retentionDays"> {
  readonly config: Config;
  readonly parents: AttachmentParents;
  readonly quota: TicketQuota;
}

/** Builds tickets and what hangs on them: replies, attachments, posts. */
export function createTickets({ config, ...options }: TicketOptions) {
  const postQuota = { files: config.TICKET_POST_FILES, bytes: config.TICKET_POST_MEGABYTES * MIB };
  const given = { ...options, postQuota, retentionDays: config.RETENTION_DAYS };
  const attachments = createAttachmentService(given);
  const attachmentDeletions = createAttachmentDeletionService(given);
  const deps = { ...given, attachments, attachmentDeletions };
  return {
    attachments,
    attachmentDeletions,
    tickets: createTicketService(deps),
    ticketDeletions: createTicketDeletionService(deps),
    ticketParticipants: createTicketParticipantService(deps),
    replies: createReplyService(deps),
    uploads: createUploadService(deps),
    posts: createPostService(deps),
    photoSeries: createPhotoSeriesService(deps),
    postDeletions: createPostDeletionService(deps),
  };
}
