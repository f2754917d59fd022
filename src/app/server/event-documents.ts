const ACTOR = /* GraphQL */ `
  fragment ActorFields on Actor { __typename id name }
`;

const ATTACHMENT = /* GraphQL */ `
  ${ACTOR}
  fragment AttachmentFields on Attachment {
    id fileName mimeType size description scanStatus url thumbnailUrl createdAt
    uploader { ...ActorFields }
  }
`;

/** What an attachment has more of when its variants are ready. */
const RENDERED = /* GraphQL */ `
  fragment RenderedFields on Attachment {
    mediaFile { id placeholder variantsStatus variants { name url width height } }
  }
`;

const FILE = /* GraphQL */ `
  fragment FileFields on MediaFile {
    id fileName bucket mimeType kind size width height duration placeholder scanStatus variantsStatus
    url variants { name url width height } createdAt expiresAt
    uploader { ...ActorFields }
  }
`;

const CONVERSATION = /* GraphQL */ `
  subscription ConversationEventStream($id: ID!, $after: String) {
    delivery: conversationEvents(conversationId: $id, after: $after) {
      cursor
      event {
        __typename
        ... on MessageAdded { message { ...MessageFields } }
        ... on MessageUpdated { message { ...MessageFields } }
        ... on MessageDeleted { message { ...MessageFields } }
        ... on MessagePurged { messageId }
        ... on AttachmentAdded { attachment { ...AttachmentFields message { id } } }
        ... on AttachmentUpdated { attachment { ...AttachmentFields ...RenderedFields message { id } } }
        ... on AttachmentDeleted { attachmentId messageId }
        ... on AttachmentRestored { attachment { ...AttachmentFields message { id } } }
        ... on ParticipantJoined { actor { ...ActorFields } }
        ... on ParticipantLeft { actor { ...ActorFields } }
        ... on ConversationClosed { conversation { ...ConversationFields } }
        ... on ConversationReopened { conversation { ...ConversationFields } }
        ... on TypingStarted { actor { ...ActorFields } }
        ... on PresenceChanged { actor { ...ActorFields } isOnline }
      }
    }
  }
  fragment MessageFields on ChatMessage {
    id number body isEdited editedAt isDeleted deletedAt clientId createdAt
    sender { ...ActorFields }
    replyTo { id }
    attachments(first: 10) { nodes { ...AttachmentFields } pageInfo { hasNextPage } }
  }
  fragment ConversationFields on Conversation { id subject room lastActivityAt closedAt }
  ${ATTACHMENT}
  ${RENDERED}
`;

const TICKET = /* GraphQL */ `
  subscription TicketEventStream($id: ID!, $after: String) {
    delivery: ticketEvents(ticketId: $id, after: $after) {
      cursor
      event {
        __typename
        ... on TicketUpdated { ticket { ...TicketFields } }
        ... on TicketDeleted { ticketId }
        ... on TicketRestored { ticket { ...TicketFields } }
        ... on ReplyAdded { reply { ...ReplyFields } }
        ... on ReplyUpdated { reply { ...ReplyFields } }
        ... on ReplyDeleted { replyId }
        ... on AttachmentAdded { attachment { ...AttachmentFields reply { id } } }
        ... on AttachmentUpdated { attachment { ...AttachmentFields ...RenderedFields reply { id } } }
        ... on AttachmentDeleted { attachmentId ticketId replyId }
        ... on AttachmentRestored { attachment { ...AttachmentFields reply { id } } }
        ... on PostAdded { post { ...PostFields } }
        ... on PostUpdated { post { ...PostFields } }
        ... on PostDeleted { postId }
        ... on ParticipantJoined { actor { ...ActorFields } }
        ... on ParticipantLeft { actor { ...ActorFields } }
      }
    }
  }
  fragment TicketFields on Ticket {
    id number subject description status priority attachmentCount attachmentBytes createdAt updatedAt
    requester { ...ActorFields }
    assignee { ...ActorFields }
  }
  fragment ReplyFields on Reply {
    id body isInternal createdAt updatedAt
    author { ...ActorFields }
    attachments(first: 10) { nodes { ...AttachmentFields } pageInfo { hasNextPage } }
  }
  fragment PostFields on Post {
    __typename id description createdAt updatedAt
    author { ...ActorFields }
    ... on Photo { file { ...FileFields } }
    ... on PhotoSeries { photos { position caption file { ...FileFields } } }
    ... on VideoClip { file { ...FileFields } }
  }
  ${ATTACHMENT}
  ${RENDERED}
  ${FILE}
`;

const MEDIA = /* GraphQL */ `
  subscription MediaFileEventStream($id: ID!, $after: String) {
    delivery: mediaFileEvents(companyId: $id, after: $after) {
      cursor
      event {
        __typename
        ... on MediaFileAdded { mediaFile { ...FileFields } }
        ... on MediaFileUpdated { mediaFile { ...FileFields } }
        ... on MediaFileDeleted { mediaFileId }
        ... on MediaFileRestored { mediaFile { ...FileFields } }
        ... on MediaFilePurged { mediaFileId }
        ... on VariantsReady { mediaFile { ...FileFields } }
        ... on VariantsFailed { mediaFile { ...FileFields } }
        ... on IntegrityChanged { mediaFiles { id fileName integrity verifiedAt } }
        ... on ScanStatusChanged { mediaFiles { id fileName scanStatus scannedAt scanResult } }
        ... on CompanyBrandingChanged { company { id name slug logoUrl logoThumbnailUrl faviconUrl } }
        ... on StorageThresholdReached { threshold usedBytes limitBytes }
      }
    }
  }
  ${FILE}
  ${ACTOR}
`;

/**
 * The subscription that an event stream runs, by the kind of topic. It is an ordinary subscription, so the same rules
 * apply as to websockets: `delivery` is the alias of its field, `$id` the topic's id, `$after` the cursor.
 *
 * On the wire an event is `event: <member of the union>`, `id: <cursor>` and `data:` that member in JSON, with
 * `__typename` and the fields that are selected here:
 *
 *     event: MessagePurged
 *     id: 7
 *     data: {"__typename":"MessagePurged","messageId":"…"}
 */
export const eventDocuments: Readonly<Record<string, string>> = {
  conversation: CONVERSATION,
  ticket: TICKET,
  media: MEDIA,
};
