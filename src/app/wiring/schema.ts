import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { lexicographicSortSchema, printSchema } from "graphql";
import type { NonEmptyArray, PubSub } from "type-graphql";
import { buildSchema } from "type-graphql";
import { AttachmentResolver } from "../../modules/attachments/attachment.resolver.js";
import { AttachmentScanResolver } from "../../modules/attachments/attachment-scan.resolver.js";
import { AttachmentSignedUrlResolver } from "../../modules/attachments/attachment-signed-url.resolver.js";
import { AttachmentThumbnailResolver } from "../../modules/attachments/attachment-thumbnail.resolver.js";
import { AttachmentUsageResolver } from "../../modules/attachments/attachment-usage.resolver.js";
import { AuditLogResolver } from "../../modules/audit-log/audit-log.resolver.js";
import { ConversationResolver } from "../../modules/chat/conversations/conversation.resolver.js";
import { ConversationGuestsResolver } from "../../modules/chat/guests/conversation-guests.resolver.js";
import { GuestInvitationResolver } from "../../modules/chat/guests/guest-invitation.resolver.js";
import { AttachmentMessageResolver } from "../../modules/chat/messages/attachment-message.resolver.js";
import {
  ChatMessageResolver,
  PurgedMessageResolver,
} from "../../modules/chat/messages/chat-message.resolver.js";
import { ConversationAttachmentsResolver } from "../../modules/chat/messages/conversation-attachments.resolver.js";
import { ConversationEventResolver } from "../../modules/chat/messages/conversation-event.resolver.js";
import { ConversationMessagesResolver } from "../../modules/chat/messages/conversation-messages.resolver.js";
import { ApiKeyResolver } from "../../modules/identity/api-keys/api-key.resolver.js";
import { CompanyResolver } from "../../modules/identity/companies/company.resolver.js";
import { CompanyMembersResolver } from "../../modules/identity/memberships/company-members.resolver.js";
import { InvitationResolver } from "../../modules/identity/memberships/invitation.resolver.js";
import { MembershipResolver } from "../../modules/identity/memberships/membership.resolver.js";
import { PasswordResolver } from "../../modules/identity/sessions/password.resolver.js";
import { SessionResolver } from "../../modules/identity/sessions/session.resolver.js";
import { UserAccessResolver } from "../../modules/identity/sessions/user-access.resolver.js";
import { ViewerResolver } from "../../modules/identity/sessions/viewer.resolver.js";
import { UserResolver } from "../../modules/identity/users/user.resolver.js";
import { AvatarResolver } from "../../modules/media/avatars/avatar.resolver.js";
import { BrandingImageResolver } from "../../modules/media/branding/branding-image.resolver.js";
import {
  BrandingOfCompanyResolver,
  CompanyBrandingResolver,
} from "../../modules/media/branding/company-branding.resolver.js";
import { CompanyChangeResolver } from "../../modules/media/branding/company-change.resolver.js";
import {
  MediaFileSignedUrlResolver,
  MediaVariantSignedUrlResolver,
} from "../../modules/media/downloads/signed-url.resolver.js";
import { MediaFileEventsResolver } from "../../modules/media/library/events/media-file-events.resolver.js";
import { LibraryResolver } from "../../modules/media/library/library.resolver.js";
import { MediaFileLibraryResolver } from "../../modules/media/library/media-file-library.resolver.js";
import { MediaFileVersionResolver } from "../../modules/media/library/media-file-version.resolver.js";
import { MediaUsageResolver } from "../../modules/media/library/media-usage.resolver.js";
import { StorageReportResolver } from "../../modules/media/library/storage-report.resolver.js";
import { MediaFileResolver } from "../../modules/media/media-file.resolver.js";
import { MediaMetadataResolver } from "../../modules/media/media-metadata.resolver.js";
import { QuarantineResolver } from "../../modules/media/quarantine/quarantine.resolver.js";
import { StorageLimitResolver } from "../../modules/media/quota/storage-limit.resolver.js";
import { MediaFileScanResolver } from "../../modules/media/scanning/scan-result.resolver.js";
import { FileIntegrityResolver } from "../../modules/media/upkeep/file-integrity.resolver.js";
import {
  StagedUploadResolver,
  UploadPartResolver,
} from "../../modules/media/uploads/staged-upload.resolver.js";
import { MediaVariantResolver } from "../../modules/media/variants/media-variant.resolver.js";
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
import { WebhookResolver } from "../../modules/webhooks/webhook.resolver.js";
import { WebhookDeliveryResolver } from "../../modules/webhooks/webhook-delivery.resolver.js";
import { resolveTypesAtOnce } from "../../platform/graphql/abstract-types.js";
import { independentMutations } from "../../platform/graphql/execution/independent-mutations.js";
import { ConversationTicketResolver, TicketConversationResolver } from "./conversation-ticket.resolver.js";
import type { Services } from "./services.js";

/** Each resolver class and its factory. */
const resolvers: readonly (readonly [new (...args: never[]) => object, (services: Services) => object])[] = [
  [SessionResolver, ({ sessions, ownSessions }) => new SessionResolver(sessions, ownSessions)],
  [PasswordResolver, ({ passwords }) => new PasswordResolver(passwords)],
  [
    ViewerResolver,
    ({ loaders }) =>
      new ViewerResolver(
        loaders.memberships,
        loaders.guests,
        loaders.sessions,
        loaders.invitations,
        loaders.apiKeys,
      ),
  ],
  [ApiKeyResolver, ({ apiKeys, loaders }) => new ApiKeyResolver(apiKeys, loaders.companies, loaders.users)],
  [CompanyResolver, ({ companies }) => new CompanyResolver(companies)],
  [
    CompanyMembersResolver,
    ({ memberships, invitations }) => new CompanyMembersResolver(memberships, invitations),
  ],
  [InvitationResolver, ({ invitations, loaders }) => new InvitationResolver(invitations, loaders)],
  [MembershipResolver, ({ memberships, loaders }) => new MembershipResolver(memberships, loaders)],
  [UserResolver, ({ users, loaders }) => new UserResolver(users, loaders.users)],
  [AuditLogResolver, ({ audit, loaders }) => new AuditLogResolver(audit, loaders.actors)],
  [UserAccessResolver, ({ userAccess }) => new UserAccessResolver(userAccess)],
  [CompanyChangeResolver, ({ companyChanges }) => new CompanyChangeResolver(companyChanges)],
  [BrandingImageResolver, ({ brandingImages }) => new BrandingImageResolver(brandingImages)],
  [BrandingOfCompanyResolver, ({ loaders }) => new BrandingOfCompanyResolver(loaders.brandingImages)],
  [CompanyBrandingResolver, ({ loaders }) => new CompanyBrandingResolver(loaders.brandingImages)],
  [AvatarResolver, ({ avatars, loaders }) => new AvatarResolver(avatars, loaders.avatars)],
  [MediaFileResolver, ({ loaders, urls }) => new MediaFileResolver(loaders.users, loaders.actors, urls)],
  [QuarantineResolver, ({ quarantine }) => new QuarantineResolver(quarantine)],
  [MediaFileScanResolver, () => new MediaFileScanResolver()],
  [FileIntegrityResolver, () => new FileIntegrityResolver()],
  [
    LibraryResolver,
    ({ library, mediaUploads, mediaFileChanges, orphans }) =>
      new LibraryResolver(library, mediaUploads, mediaFileChanges, orphans),
  ],
  [
    StagedUploadResolver,
    ({ stagedUploads, completeUploads, uploadRequests }) =>
      new StagedUploadResolver(stagedUploads, completeUploads, uploadRequests),
  ],
  [UploadPartResolver, () => new UploadPartResolver()],
  [MediaFileLibraryResolver, ({ loaders }) => new MediaFileLibraryResolver(loaders.library)],
  [
    MediaFileVersionResolver,
    ({ loaders, urls, versions }) =>
      new MediaFileVersionResolver(loaders.users, loaders.actors, urls, versions),
  ],
  [
    MediaUsageResolver,
    ({ mediaUsages, loaders }) =>
      new MediaUsageResolver(mediaUsages, loaders.mediaFiles, loaders.companies, loaders.users),
  ],
  [
    StorageReportResolver,
    ({ storageReports, loaders }) => new StorageReportResolver(storageReports, loaders.users),
  ],
  [
    StorageLimitResolver,
    ({ storageLimits, loaders }) => new StorageLimitResolver(storageLimits, loaders.storageLimits),
  ],
  [AttachmentUsageResolver, ({ loaders }) => new AttachmentUsageResolver(loaders.attachments)],
  [MediaMetadataResolver, () => new MediaMetadataResolver()],
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
  [MediaVariantResolver, ({ variants }) => new MediaVariantResolver(variants)],
  [MediaFileSignedUrlResolver, ({ signedUrls }) => new MediaFileSignedUrlResolver(signedUrls)],
  [MediaVariantSignedUrlResolver, ({ signedUrls }) => new MediaVariantSignedUrlResolver(signedUrls)],
  [AttachmentSignedUrlResolver, ({ signedUrls }) => new AttachmentSignedUrlResolver(signedUrls)],
  [AttachmentScanResolver, () => new AttachmentScanResolver()],
  [AttachmentThumbnailResolver, ({ thumbnails }) => new AttachmentThumbnailResolver(thumbnails)],
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
  [
    MediaFileEventsResolver,
    ({ eventUrls, loaders }) => new MediaFileEventsResolver(eventUrls, loaders.eventCursors),
  ],
  [
    WebhookResolver,
    ({ webhooks, loaders }) => new WebhookResolver(webhooks, loaders.companies, loaders.users),
  ],
  [
    WebhookDeliveryResolver,
    ({ webhookDeliveries, loaders }) => new WebhookDeliveryResolver(webhookDeliveries, loaders.webhooks),
  ],
  [
    ConversationResolver,
    ({ conversations, conversationParticipants, loaders }) =>
      new ConversationResolver(
        conversations,
        conversationParticipants,
        loaders.conversations,
        loaders.companies,
        loaders.users,
      ),
  ],
  [
    ConversationMessagesResolver,
    ({ readMarks, loaders }) => new ConversationMessagesResolver(readMarks, loaders.chatMessages),
  ],
  [ConversationGuestsResolver, ({ loaders }) => new ConversationGuestsResolver(loaders.conversationGuests)],
  [
    ChatMessageResolver,
    ({ chatMessages, chatMessageChanges, loaders }) =>
      new ChatMessageResolver(
        chatMessages,
        chatMessageChanges,
        loaders.chatMessages,
        loaders.conversations,
        loaders.attachments,
        loaders.actors,
      ),
  ],
  [
    ConversationAttachmentsResolver,
    ({ loaders }) => new ConversationAttachmentsResolver(loaders.conversationAttachments),
  ],
  [PurgedMessageResolver, ({ loaders }) => new PurgedMessageResolver(loaders.conversations)],
  [
    GuestInvitationResolver,
    ({ guestInvitations, loaders }) => new GuestInvitationResolver(guestInvitations, loaders.conversations),
  ],
  [ConversationEventResolver, ({ typing, eventUrls }) => new ConversationEventResolver(typing, eventUrls)],
  [AttachmentMessageResolver, ({ loaders }) => new AttachmentMessageResolver(loaders.chatMessages)],
  [ConversationTicketResolver, ({ loaders }) => new ConversationTicketResolver(loaders.tickets)],
  [TicketConversationResolver, ({ loaders }) => new TicketConversationResolver(loaders.conversations)],
];

/** The executable schema; without services it can only be printed. */
export async function createSchema(services?: Services): Promise<GraphQLSchema> {
  const instances = new Map<unknown, object>(
    services ? resolvers.map(([type, make]) => [type, make(services)]) : [],
  );
  const schema = await buildSchema({
    resolvers: resolvers.map(([type]) => type) as unknown as NonEmptyArray<new () => object>,
    container: { get: (type: unknown) => instances.get(type) },
    validate: true,
    pubSub: unused,
    emitSchemaFile: false,
    // Skips the validation of the whole schema, which was done when schema.graphql was printed.
    skipCheck: services !== undefined,
  });
  return independentMutations(resolveTypesAtOnce(schema));
}

/** type-graphql requires a PubSub for subscriptions. Ours do not use it: see `SubscriptionContext`. */
const unused: PubSub = {
  publish: () => neverUsed(),
  subscribe: () => neverUsed(),
};

function neverUsed(): never {
  throw new Error("a subscription has no `subscribe` of its own");
}

const HEADER = "# Made by `npm run generate` from the resolvers in src/. Do not edit.\n\n";

/** The schema in the GraphQL schema language, sorted alphabetically, as in `schema.graphql`. */
export async function printedSchema(): Promise<string> {
  return `${HEADER}${printSchema(lexicographicSortSchema(await createSchema()))}\n`;
}
