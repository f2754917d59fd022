import type { AttachmentLoaders } from "../../modules/attachments/attachment.loaders.js";
import type { AttachmentService } from "../../modules/attachments/attachment.service.js";
import type { AttachmentDeletionService } from "../../modules/attachments/attachment-deletion.service.js";
import type { AttachmentThumbnails } from "../../modules/attachments/thumbnail-url.js";
import type { AuditLogService } from "../../modules/audit-log/audit-log.service.js";
import type { ConversationLoaders } from "../../modules/chat/conversations/conversation.loaders.js";
import type { ConversationService } from "../../modules/chat/conversations/conversation.service.js";
import type { ConversationParticipantService } from "../../modules/chat/conversations/conversation-participant.service.js";
import type { TypingService } from "../../modules/chat/conversations/typing.service.js";
import type { ConversationGuestsLoaders } from "../../modules/chat/guests/conversation-guests.loaders.js";
import type { GuestInvitationService } from "../../modules/chat/guests/guest-invitation.service.js";
import type { ChatMessageLoaders } from "../../modules/chat/messages/chat-message.loaders.js";
import type { ChatMessageService } from "../../modules/chat/messages/chat-message.service.js";
import type { ChatMessageChangeService } from "../../modules/chat/messages/chat-message-change.service.js";
import type { ConversationAttachmentLoaders } from "../../modules/chat/messages/conversation-attachment.loaders.js";
import type { ReadMarkService } from "../../modules/chat/messages/read-mark.service.js";
import type { ApiKeyLoaders } from "../../modules/identity/api-keys/api-key.loaders.js";
import type { ApiKeyService } from "../../modules/identity/api-keys/api-key.service.js";
import type { RefusalLog } from "../../modules/identity/audit/refusal-log.js";
import type { CompanyLoaders } from "../../modules/identity/companies/company.loaders.js";
import type { CompanyService } from "../../modules/identity/companies/company.service.js";
import type { ActorLoaders } from "../../modules/identity/guests/actor.loaders.js";
import type { GuestLoaders } from "../../modules/identity/guests/guest.loaders.js";
import type { InvitationLoaders } from "../../modules/identity/memberships/invitation.loaders.js";
import type { InvitationService } from "../../modules/identity/memberships/invitation.service.js";
import type { MembershipLoaders } from "../../modules/identity/memberships/membership.loaders.js";
import type { MembershipService } from "../../modules/identity/memberships/membership.service.js";
import type { OperatorAccountService } from "../../modules/identity/sessions/operator-account.service.js";
import type { OwnSessionService } from "../../modules/identity/sessions/own-session.service.js";
import type { PasswordService } from "../../modules/identity/sessions/password.service.js";
import type { ScriptTokenService } from "../../modules/identity/sessions/script-token.service.js";
import type { SessionLoaders } from "../../modules/identity/sessions/session.loaders.js";
import type { SessionService } from "../../modules/identity/sessions/session.service.js";
import type { UserAccessService } from "../../modules/identity/sessions/user-access.service.js";
import type { UserLoaders } from "../../modules/identity/users/user.loaders.js";
import type { UserService } from "../../modules/identity/users/user.service.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import type { AvatarLoaders } from "../../modules/media/avatars/avatar.loaders.js";
import type { AvatarService } from "../../modules/media/avatars/avatar.service.js";
import type { BrandingImageLoaders } from "../../modules/media/branding/branding-image.loaders.js";
import type { BrandingImageService } from "../../modules/media/branding/branding-image.service.js";
import type { CompanyChangeService } from "../../modules/media/branding/company-change.service.js";
import type { AllBucketRules } from "../../modules/media/buckets.js";
import type { DownloadUrls } from "../../modules/media/download-urls.js";
import type { DownloadService } from "../../modules/media/downloads/download.service.js";
import type { SignedUrls } from "../../modules/media/downloads/signed-urls.js";
import type { MediaImportService } from "../../modules/media/import/media-import.service.js";
import type { IngestService } from "../../modules/media/ingest/ingest.service.js";
import type { UploadAdmission } from "../../modules/media/ingest/upload-admission.js";
import type { LegacyPathService } from "../../modules/media/legacy/legacy-path.service.js";
import type { LibraryLoaders } from "../../modules/media/library/library.loaders.js";
import type { LibraryService } from "../../modules/media/library/library.service.js";
import type { MediaFileChangeService } from "../../modules/media/library/media-file-change.service.js";
import type { MediaUploadService } from "../../modules/media/library/media-upload.service.js";
import type { MediaUsageService } from "../../modules/media/library/media-usage.service.js";
import type { OrphanService } from "../../modules/media/library/orphan.service.js";
import type { StorageReportService } from "../../modules/media/library/storage-report.service.js";
import type { VersionService } from "../../modules/media/library/version.service.js";
import type { MediaFileLoaders } from "../../modules/media/media-file.loaders.js";
import type { MediaFileService } from "../../modules/media/media-file.service.js";
import type { QuarantineService } from "../../modules/media/quarantine/quarantine.service.js";
import type { StorageLimitLoaders } from "../../modules/media/quota/storage-limit.loaders.js";
import type { StorageLimitService } from "../../modules/media/quota/storage-limit.service.js";
import type { CompleteUploadService } from "../../modules/media/uploads/complete-upload.service.js";
import type { ResumableUploadService } from "../../modules/media/uploads/resumable-upload.service.js";
import type { StagedUploadService } from "../../modules/media/uploads/staged-upload.service.js";
import type { UploadRequests } from "../../modules/media/uploads/upload-requests.js";
import type { RenderVariantsData } from "../../modules/media/variants/render-variants.job.js";
import type { VariantLoaders } from "../../modules/media/variants/variant.loaders.js";
import type { VariantService } from "../../modules/media/variants/variant.service.js";
import type { AttachmentUploadService } from "../../modules/tickets/attachment-upload.service.js";
import type { TicketAttachmentLoaders } from "../../modules/tickets/attachments/ticket-attachment.loaders.js";
import type { DeletedItemLoaders } from "../../modules/tickets/deletion/deleted-items.loaders.js";
import type { TicketDeletionService } from "../../modules/tickets/deletion/ticket-deletion.service.js";
import type { PhotoSeriesService } from "../../modules/tickets/posts/photo-series.service.js";
import type { PostLoaders } from "../../modules/tickets/posts/post.loaders.js";
import type { PostService } from "../../modules/tickets/posts/post.service.js";
import type { PostChangeService } from "../../modules/tickets/posts/post-change.service.js";
import type { PostDeletionService } from "../../modules/tickets/posts/post-deletion.service.js";
import type { PostUsageLoaders } from "../../modules/tickets/posts/post-usage.loaders.js";
import type { ReplyService } from "../../modules/tickets/reply.service.js";
import type { ReplyDeletionService } from "../../modules/tickets/reply-deletion.service.js";
import type { TicketLoaders } from "../../modules/tickets/ticket.loaders.js";
import type { TicketService } from "../../modules/tickets/ticket.service.js";
import type { TicketParticipantService } from "../../modules/tickets/ticket-participant.service.js";
import type { TicketQuota } from "../../modules/tickets/ticket-quota.repository.js";
import type { WebhookLoaders } from "../../modules/webhooks/webhook.loaders.js";
import type { WebhookService } from "../../modules/webhooks/webhook.service.js";
import type { WebhookDeliveryService } from "../../modules/webhooks/webhook-delivery.service.js";
import type { WebhookSender } from "../../modules/webhooks/webhook-sender.js";
import type { Channel } from "../../platform/events/feed/channel.js";
import type { ViewerSource } from "../../platform/events/feed/feed.js";
import type { EventCursorLoaders } from "../../platform/graphql/event-cursor.loaders.js";
import type { EventUrls } from "../../platform/graphql/subscriptions/event-urls.js";
import type { UrlSigner } from "../../platform/http/files/signed-url.js";
import type { Job, JobSender } from "../../platform/jobs/job.js";
import type { Scanner } from "../../platform/scanner/scanner.js";
import type { Storage } from "../../platform/storage/storage.js";
import type { TempFolder } from "../../platform/storage/temp-folder.js";
import type { Scanning } from "./scanning.js";
import type { UpkeepServices } from "./upkeep.js";

/** All services of the server, for resolvers, routes, jobs and commands. */
export interface Services {
  // identity
  readonly sessions: SessionService;
  readonly ownSessions: OwnSessionService;
  readonly scriptTokens: ScriptTokenService;
  readonly apiKeys: ApiKeyService;
  readonly passwords: PasswordService;
  readonly operatorAccounts: OperatorAccountService;
  readonly users: UserService;
  readonly userAccess: UserAccessService;
  readonly companies: CompanyService;
  readonly memberships: MembershipService;
  readonly invitations: InvitationService;
  readonly audit: AuditLogService;
  readonly refusals: RefusalLog;

  // media: storage, uploads, variants and downloads
  readonly storage: Storage;
  readonly tempFolder: TempFolder;
  readonly buckets: AllBucketRules;
  readonly uploadAdmission: UploadAdmission;
  readonly stagedUploads: StagedUploadService;
  readonly completeUploads: CompleteUploadService;
  readonly uploadRequests: UploadRequests;
  readonly resumableUploads: ResumableUploadService;
  readonly ingest: IngestService;
  readonly mediaFiles: MediaFileService;
  readonly downloads: DownloadService;
  readonly signer: UrlSigner;
  readonly urls: DownloadUrls;
  readonly signedUrls: SignedUrls;
  readonly variants: VariantService;
  readonly renderVariants: Job<RenderVariantsData>;
  readonly scanner: Scanner;
  readonly scanJobs: Scanning["scanJobs"];
  readonly rescan: Scanning["rescan"];

  // media: the library
  readonly library: LibraryService;
  readonly mediaUploads: MediaUploadService;
  readonly versions: VersionService;
  readonly mediaFileChanges: MediaFileChangeService;
  readonly quarantine: QuarantineService;
  readonly mediaUsages: MediaUsageService;
  readonly orphans: OrphanService;
  readonly storageReports: StorageReportService;
  readonly storageLimits: StorageLimitService;
  readonly mediaImports: MediaImportService;
  readonly brandingImages: BrandingImageService;
  readonly companyChanges: CompanyChangeService;
  readonly legacyPaths: LegacyPathService;
  readonly avatars: AvatarService;

  // attachments
  readonly attachments: AttachmentService;
  readonly attachmentDeletions: AttachmentDeletionService;
  readonly thumbnails: AttachmentThumbnails;

  // tickets
  readonly tickets: TicketService;
  readonly ticketParticipants: TicketParticipantService;
  readonly ticketDeletions: TicketDeletionService;
  readonly replies: ReplyService;
  readonly replyDeletions: ReplyDeletionService;
  readonly uploads: AttachmentUploadService;
  readonly ticketQuota: TicketQuota;
  readonly posts: PostService;
  readonly photoSeries: PhotoSeriesService;
  readonly postChanges: PostChangeService;
  readonly postDeletions: PostDeletionService;

  // chat
  readonly conversations: ConversationService;
  readonly conversationParticipants: ConversationParticipantService;
  readonly guestInvitations: GuestInvitationService;
  readonly chatMessages: ChatMessageService;
  readonly chatMessageChanges: ChatMessageChangeService;
  readonly readMarks: ReadMarkService;
  readonly typing: TypingService;

  // webhooks
  readonly webhooks: WebhookService;
  readonly webhookDeliveries: WebhookDeliveryService;
  readonly webhookSender: WebhookSender;

  // events, jobs and upkeep
  readonly channels: readonly Channel<Viewer>[];
  readonly viewers: ViewerSource<Viewer>;
  readonly eventUrls: EventUrls;
  readonly jobs: JobSender;
  readonly ticketPurge: UpkeepServices["ticketPurge"];
  readonly upkeep: UpkeepServices["upkeep"];

  readonly loaders: Loaders;
}

/** Batched reads for nested fields. */
export interface Loaders {
  readonly actors: ActorLoaders;
  readonly apiKeys: ApiKeyLoaders;
  readonly attachments: AttachmentLoaders;
  readonly avatars: AvatarLoaders;
  readonly brandingImages: BrandingImageLoaders;
  readonly chatMessages: ChatMessageLoaders;
  readonly companies: CompanyLoaders;
  readonly conversationAttachments: ConversationAttachmentLoaders;
  readonly conversationGuests: ConversationGuestsLoaders;
  readonly conversations: ConversationLoaders;
  readonly eventCursors: EventCursorLoaders;
  readonly guests: GuestLoaders;
  readonly invitations: InvitationLoaders;
  readonly library: LibraryLoaders;
  readonly storageLimits: StorageLimitLoaders;
  readonly mediaFiles: MediaFileLoaders;
  readonly memberships: MembershipLoaders;
  readonly posts: PostLoaders;
  readonly deletedItems: DeletedItemLoaders;
  readonly postUsages: PostUsageLoaders;
  readonly sessions: SessionLoaders;
  readonly ticketAttachments: TicketAttachmentLoaders;
  readonly tickets: TicketLoaders;
  readonly users: UserLoaders;
  readonly variants: VariantLoaders;
  readonly webhooks: WebhookLoaders;
}
