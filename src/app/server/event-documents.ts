const ACTOR = /* GraphQL */ `
  fragment ToldActor on Actor { __typename id name }
`;

const ATTACHMENT = /* GraphQL */ `
  ${ACTOR}
  fragment ToldAttachment on Attachment {
    id fileName mimeType size description scanStatus url thumbnailUrl createdAt
    uploader { ...ToldActor }
  }
`;

const FILE = /* GraphQL */ `
  fragment ToldFile on MediaFile {
    id fileName bucket mimeType kind size width height duration placeholder scanStatus variantsStatus
    url variants { name url width height } createdAt expiresAt
    uploader { ...ToldActor }
  }
`;

const CONVERSATION = /* GraphQL */ `
  subscription ConversationEventStream($id: ID!, $after: String) {
    told: conversationEvents(conversationId: $id, after: $after) {
      cursor
      event {
        __typename
        ... on MessageAdded { message { ...ToldMessage } }
        ... on MessageUpdated { message { ...ToldMessage } }
        ... on MessageDeleted { message { ...ToldMessage } }
        ... on MessagePurged { messageId }
        ... on AttachmentDeleted { attachmentId messageId }
        ... on AttachmentRestored { attachment { ...ToldAttachment message { id } } }
        ... on ParticipantJoined { actor { ...ToldActor } }
        ... on ParticipantLeft { actor { ...ToldActor } }
        ... on ConversationClosed { conversation { ...ToldConversation } }
        ... on ConversationReopened { conversation { ...ToldConversation } }
        ... on TypingStarted { actor { ...ToldActor } }
        ... on PresenceChanged { actor { ...ToldActor } isOnline }
      }
    }
  }
  fragment ToldMessage on ChatMessage {
    id number body isEdited editedAt isDeleted deletedAt clientId createdAt
    sender { ...ToldActor }
    replyTo { id }
    attachments(first: 10) { nodes { ...ToldAttachment } pageInfo { hasNextPage } }
  }
  fragment ToldConversation on Conversation { id subject room lastActivityAt closedAt }
  ${ATTACHMENT}
`;

const TICKET = /* GraphQL */ `
  subscription TicketEventStream($id: ID!, $after: String) {
    told: ticketEvents(ticketId: $id, after: $after) {
      cursor
      event {
        __typename
        ... on TicketUpdated { ticket { ...ToldTicket } }
        ... on TicketDeleted { ticketId }
        ... on TicketRestored { ticket { ...ToldTicket } }
        ... on ReplyAdded { reply { ...ToldReply } }
        ... on ReplyUpdated { reply { ...ToldReply } }
        ... on ReplyDeleted { replyId }
        ... on AttachmentAdded { attachment { ...ToldAttachment reply { id } } }
        ... on AttachmentUpdated { attachment { ...ToldAttachment reply { id } } }
        ... on AttachmentDeleted { attachmentId ticketId replyId }
        ... on AttachmentRestored { attachment { ...ToldAttachment reply { id } } }
        ... on PostAdded { post { ...ToldPost } }
        ... on PostUpdated { post { ...ToldPost } }
        ... on PostDeleted { postId }
        ... on ParticipantJoined { actor { ...ToldActor } }
        ... on ParticipantLeft { actor { ...ToldActor } }
      }
    }
  }
  fragment ToldTicket on Ticket {
    id number subject description status priority attachmentCount attachmentBytes createdAt updatedAt
    requester { ...ToldActor }
    assignee { ...ToldActor }
  }
  fragment ToldReply on Reply {
    id body isInternal createdAt updatedAt
    author { ...ToldActor }
    attachments(first: 10) { nodes { ...ToldAttachment } pageInfo { hasNextPage } }
  }
  fragment ToldPost on Post {
    __typename id description createdAt updatedAt
    author { ...ToldActor }
    ... on Photo { file { ...ToldFile } }
    ... on PhotoSeries { photos { position caption file { ...ToldFile } } }
    ... on VideoClip { file { ...ToldFile } }
  }
  ${ATTACHMENT}
  ${FILE}
`;

const MEDIA = /* GraphQL */ `
  subscription MediaFileEventStream($id: ID!, $after: String) {
    told: mediaFileEvents(companyId: $id, after: $after) {
      cursor
      event {
        __typename
        ... on MediaFileAdded { mediaFile { ...ToldFile } }
        ... on MediaFileUpdated { mediaFile { ...ToldFile } }
        ... on MediaFileDeleted { mediaFileId }
        ... on MediaFileRestored { mediaFile { ...ToldFile } }
        ... on MediaFilePurged { mediaFileId }
        ... on VariantsReady { mediaFile { ...ToldFile } }
        ... on VariantsFailed { mediaFile { ...ToldFile } }
        ... on IntegrityChanged { mediaFiles { id fileName integrity verifiedAt } }
        ... on CompanyBrandingChanged { company { id name slug logoUrl logoThumbnailUrl faviconUrl } }
      }
    }
  }
  ${FILE}
  ${ACTOR}
`;

/**
 * What an event stream tells of each kind of topic, by the kind. Each is a subscription like those of websockets, so
 * that both have the same rules: `told` is the field, `$id` the topic's id, `$after` the cursor.
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
