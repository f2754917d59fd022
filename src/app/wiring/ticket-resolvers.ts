import { AttachmentResolver } from "../../modules/attachments/attachment.resolver.js";
import { AttachmentScanResolver } from "../../modules/attachments/attachment-scan.resolver.js";
import { AttachmentSignedUrlResolver } from "../../modules/attachments/attachment-signed-url.resolver.js";
import { AttachmentThumbnailResolver } from "../../modules/attachments/attachment-thumbnail.resolver.js";
import { AttachmentUsageResolver } from "../../modules/attachments/attachment-usage.resolver.js";
import { AttachmentParentResolver } from "../../modules/tickets/attachments/attachment-parent.resolver.js";
import { TicketAttachmentsResolver } from "../../modules/tickets/attachments/ticket-attachments.resolver.js";
import { DeletedItemsResolver } from "../../modules/tickets/deletion/deleted-items.resolver.js";
import { TicketDeletionResolver } from "../../modules/tickets/deletion/ticket-deletion.resolver.js";
import { TicketEventResolver } from "../../modules/tickets/events/ticket-event.resolver.js";
import { PhotoSeriesResolver } from "../../modules/tickets/posts/photo-series.resolver.js";
import { PostResolver } from "../../modules/tickets/posts/post.resolver.js";
import {
  PhotoResolver,
  PhotoSeriesPhotosResolver,
  SeriesPhotoResolver,
  VideoClipResolver,
} from "../../modules/tickets/posts/post-file.resolver.js";
import { PostUsageResolver } from "../../modules/tickets/posts/post-usage.resolver.js";
import { TimelineResolver } from "../../modules/tickets/posts/timeline.resolver.js";
import { ReplyResolver } from "../../modules/tickets/reply.resolver.js";
import { TicketResolver } from "../../modules/tickets/ticket.resolver.js";
import type { ResolverEntry } from "./resolver-entry.js";

/** Attachments; tickets, replies and posts. */
export const ticketResolvers: readonly ResolverEntry[] = [
  [AttachmentUsageResolver, ({ loaders }) => new AttachmentUsageResolver(loaders.attachments)],
  [
    AttachmentResolver,
    ({ attachments, attachmentDeletions, loaders, urls }) =>
      new AttachmentResolver(
        attachments,
        attachmentDeletions,
        loaders.users,
        loaders.actors,
        loaders.mediaFiles,
        urls,
      ),
  ],
  [AttachmentSignedUrlResolver, ({ signedUrls }) => new AttachmentSignedUrlResolver(signedUrls)],
  [AttachmentScanResolver, () => new AttachmentScanResolver()],
  [AttachmentThumbnailResolver, ({ thumbnails }) => new AttachmentThumbnailResolver(thumbnails)],
  [
    TicketResolver,
    ({ tickets, ticketParticipants, uploads, loaders }) =>
      new TicketResolver(
        tickets,
        ticketParticipants,
        uploads,
        loaders.tickets,
        loaders.attachments,
        loaders.companies,
        loaders.users,
      ),
  ],
  [TicketDeletionResolver, ({ ticketDeletions }) => new TicketDeletionResolver(ticketDeletions)],
  [
    ReplyResolver,
    ({ replies, replyDeletions, uploads, loaders }) =>
      new ReplyResolver(
        replies,
        replyDeletions,
        uploads,
        loaders.tickets,
        loaders.attachments,
        loaders.users,
      ),
  ],
  [AttachmentParentResolver, ({ loaders }) => new AttachmentParentResolver(loaders.tickets)],
  [
    PostResolver,
    ({ posts, postChanges, postDeletions, loaders }) =>
      new PostResolver(posts, postChanges, postDeletions, loaders.tickets, loaders.users),
  ],
  [PhotoSeriesResolver, ({ photoSeries }) => new PhotoSeriesResolver(photoSeries)],
  [PhotoResolver, ({ loaders }) => new PhotoResolver(loaders.posts, loaders.mediaFiles)],
  [VideoClipResolver, ({ loaders }) => new VideoClipResolver(loaders.posts, loaders.mediaFiles)],
  [PhotoSeriesPhotosResolver, ({ loaders }) => new PhotoSeriesPhotosResolver(loaders.posts)],
  [SeriesPhotoResolver, ({ loaders }) => new SeriesPhotoResolver(loaders.mediaFiles)],
  [PostUsageResolver, ({ loaders }) => new PostUsageResolver(loaders.postUsages)],
  [DeletedItemsResolver, ({ loaders }) => new DeletedItemsResolver(loaders.deletedItems)],
  [
    TicketAttachmentsResolver,
    ({ ticketQuota, loaders }) => new TicketAttachmentsResolver(loaders.ticketAttachments, ticketQuota),
  ],
  [TimelineResolver, ({ loaders }) => new TimelineResolver(loaders.posts)],
  [TicketEventResolver, ({ eventUrls, loaders }) => new TicketEventResolver(eventUrls, loaders.eventCursors)],
];
