/**
 * Who may see each field of each type of the schema: every field stands in one of these groups, and one that is new
 * has to be put into one. `test/app/schema-walk.test.ts` walks the schema and holds this against it. What whoever may
 * read a thing at all is decided with the thing; the groups say what of it is then still kept from whom.
 */
export interface FieldAnswers {
  /** For whoever is shown the thing: guests too, who are shown what stands in their conversation. */
  readonly guest?: string;
  /** For people with an account who are shown the thing; to guests it is null, empty or refused. */
  readonly member?: string;
  /** For the company's staff alone. */
  readonly staff?: string;
  /** For who has just done something, as its answer: nobody else is ever told. */
  readonly doer?: string;
}

export const whoMaySee: Readonly<Record<string, FieldAnswers>> = {
  ApiKey: {
    staff: "company createdAt createdBy expiresAt id lastUsedAt name prefix revokedAt scopes",
  },
  Attachment: {
    guest:
      "createdAt deletedAt deletedBy description fileName id inlineUrl mediaFile message mimeType scanResult scanStatus scannedAt signedUrl size thumbnailUrl updatedAt uploadedBy uploader url",
    member: "reply ticket",
  },
  AttachmentQuota: { staff: "bytes files maxBytes maxFiles" },
  ChatMessage: {
    guest:
      "attachments body clientId conversation createdAt deletedAt editedAt id isDeleted isEdited number replyTo sender",
  },
  Company: {
    guest:
      "createdAt deletedAt faviconUrl id loginBackgroundColor loginBackgroundUrl logoThumbnailUrl logoUrl name navigationBackgroundColor navigationBackgroundUrl slug updatedAt",
    staff: "invitations mediaFileEventCursor mediaFileEventsUrl memberships storageLimitBytes",
  },
  CompanyBranding: {
    guest:
      "faviconUrl loginBackgroundColor loginBackgroundUrl logoThumbnailUrl logoUrl name navigationBackgroundColor navigationBackgroundUrl slug",
  },
  Conversation: {
    guest:
      "attachments closedAt closedBy company createdAt eventCursor eventsUrl guests id lastActivityAt lastMessage messages participants room startedBy subject unreadCount updatedAt",
    member: "ticket",
    staff: "deletedAttachments",
  },
  Guest: { guest: "displayName expiresAt id joinedAt name revokedAt" },
  CreatedApiKey: { doer: "apiKey key" },
  GuestInvitation: { doer: "conversation guest token url" },
  GuestSession: { doer: "accessToken conversation expiresAt guest" },
  Invitation: { member: "company createdAt email expiresAt id inviterName role" },
  MediaFile: {
    guest:
      "bucket createdAt deletedAt duration expiresAt fileName height id inlineUrl integrity kind metadata mimeType placeholder scanResult scanStatus scannedAt sha256 signedUrl size uploadedBy uploader url variant variants variantsStatus verifiedAt width",
    member: "versions",
    staff: "usages",
  },
  MediaFileVersion: {
    member: "createdAt fileName height id mimeType sha256 size uploadedBy uploader url width",
  },
  MediaMetadata: {
    guest: "audioCodec cameraMake cameraModel charset isCharsetGuessed orientation pages takenAt videoCodec",
  },
  MediaUsage: {
    staff: "attachment company createdAt fieldName id mediaFile post resourceId resourceType user",
  },
  MediaVariant: { guest: "height mimeType name signedUrl size url width" },
  Membership: { member: "company createdAt id role user" },
  PageInfo: { guest: "endCursor hasNextPage hasPreviousPage startCursor" },
  Photo: { member: "author createdAt deletedAt deletedBy description file id ticket updatedAt" },
  PasswordReset: { doer: "expiresAt token url user" },
  PhotoSeries: {
    member: "author createdAt deletedAt deletedBy description id photos ticket totalImages updatedAt",
  },
  PurgedMessage: { doer: "conversation id" },
  PurgeReport: { doer: "bytes dryRun files ids" },
  Reply: { member: "attachments author body createdAt deletedAt deletedBy id isInternal ticket updatedAt" },
  SeriesPhoto: { member: "caption file mediaFileId position" },
  SignedUrl: { guest: "expiresAt url" },
  StagedUpload: {
    doer: "bucket createdAt expiresAt fileName headers id mediaFileId method mimeType offset parts refusal size status url usedAt",
  },
  UploadHeader: { doer: "name value" },
  UploadPart: { doer: "number offset received size url" },
  UploadRefusal: { doer: "code message" },
  Session: { doer: "accessToken expiresAt refreshToken viewer" },
  Ticket: {
    member:
      "allAttachments assignee attachmentBytes attachmentCount attachments company conversations createdAt deletedAt description eventCursor eventsUrl id number participants posts priority replies requester status subject timeline updatedAt",
    staff: "attachmentQuota deletedAttachments deletedPosts deletedReplies",
  },
  User: { guest: "id name", member: "avatarThumbnailUrl avatarUrl email isAdmin", staff: "deactivatedAt" },
  UserSession: { member: "address createdAt expiresAt id isCurrent lastUsedAt userAgent" },
  VideoClip: { member: "author createdAt deletedAt deletedBy description file id ticket updatedAt" },
  Viewer: { guest: "guest id", member: "invitations memberships sessions user", staff: "apiKey" },

  Webhook: {
    staff:
      "company createdAt createdBy description disabledAt disabledReason eventKinds failures id updatedAt url",
  },
  WebhookDelivery: {
    staff:
      "attempts createdAt deliveredAt id lastAttemptAt lastError lastStatus sequence status subject type webhook",
  },
  WebhookWithSecret: { doer: "secret webhook" },

  AuditEntry: {
    staff:
      "action actor actorId actorKind address companyId createdAt details id result subjectId subjectType userAgent",
  },

  BucketCount: { staff: "bucket bytes files" },
  FileCount: { staff: "bytes files" },
  MonthCount: { staff: "bytes files month" },
  StorageReport: {
    staff:
      "byBucket byMonth byType byUploader bytes deleted files leftBytes limitBytes orphans savedBytes storedBytes usedBytes variantBytes versions",
  },
  TypeCount: { staff: "bytes files mimeType" },
  UploaderCount: { staff: "bytes files uploadedBy" },

  ConversationEventEdge: { guest: "cursor event" },
  AttachmentDeleted: { guest: "attachmentId messageId", member: "replyId ticketId" },
  AttachmentRestored: { guest: "attachment" },
  AttachmentUpdated: { guest: "attachment" },
  ConversationClosed: { guest: "conversation" },
  ConversationReopened: { guest: "conversation" },
  MessageAdded: { guest: "message" },
  MessageDeleted: { guest: "message" },
  MessagePurged: { guest: "messageId" },
  MessageUpdated: { guest: "message" },
  ParticipantJoined: { guest: "actor" },
  ParticipantLeft: { guest: "actor" },
  PresenceChanged: { guest: "actor isOnline" },
  TypingStarted: { guest: "actor" },

  TicketEventEdge: { member: "cursor event" },
  AttachmentAdded: { member: "attachment" },
  PostAdded: { member: "post" },
  PostDeleted: { member: "postId" },
  PostUpdated: { member: "post" },
  ReplyAdded: { member: "reply" },
  ReplyDeleted: { member: "replyId" },
  ReplyUpdated: { member: "reply" },
  TicketDeleted: { member: "ticketId" },
  TicketRestored: { member: "ticket" },
  TicketUpdated: { member: "ticket" },

  MediaFileEventEdge: { staff: "cursor event" },
  CompanyBrandingChanged: { staff: "company" },
  IntegrityChanged: { staff: "mediaFiles" },
  MediaFileAdded: { staff: "mediaFile" },
  MediaFileDeleted: { staff: "mediaFileId" },
  MediaFilePurged: { staff: "mediaFileId" },
  MediaFileRestored: { staff: "mediaFile" },
  MediaFileUpdated: { staff: "mediaFile" },
  StorageThresholdReached: { staff: "limitBytes threshold usedBytes" },
  ScanStatusChanged: { staff: "mediaFiles" },
  VariantsFailed: { staff: "mediaFile" },
  VariantsReady: { staff: "mediaFile" },
};
