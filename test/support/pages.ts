import type { DocumentNode } from "graphql";
import { parse } from "graphql";
import type { Part } from "./ticket-world.js";

const list = (of: string) =>
  `{ totalCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage } edges { cursor node { ...${of}Shown } } nodes { ...${of}Shown } }`;

/**
 * What the pages of a web app show of each type: all but what is another at every answer, such as signed URLs, where
 * events stand, and when a session was last used.
 */
export const SHOWN = `
fragment ActorShown on Actor { id name }
fragment UserShown on User { id name email isAdmin deactivatedAt }
fragment GuestShown on Guest { id name displayName expiresAt joinedAt revokedAt }
fragment MembershipShown on Membership { id role createdAt user { ...UserShown } company { id name } }
fragment ApiKeyShown on ApiKey { id name prefix scopes createdAt expiresAt revokedAt }
fragment WebhookShown on Webhook {
  id url description eventKinds disabledAt disabledReason failures createdAt updatedAt createdBy { id name } company { id name }
}
fragment InvitationShown on Invitation { id email role createdAt expiresAt inviterName company { slug name } }
fragment CompanyShown on Company { id name slug createdAt updatedAt deletedAt storageLimitBytes }
fragment ViewerShown on Viewer {
  id user { ...UserShown } guest { ...GuestShown } sessions { id isCurrent }
  memberships { ...MembershipShown } invitations { ...InvitationShown }
}
fragment AttachmentShown on Attachment {
  id fileName size mimeType description scanStatus createdAt updatedAt deletedAt uploader { ...ActorShown } mediaFile { id }
}
fragment StagedUploadShown on StagedUpload {
  id method status bucket fileName size offset mimeType createdAt expiresAt usedAt mediaFileId refusal { code message }
}
fragment ReplyShown on Reply {
  id body isInternal createdAt updatedAt deletedAt author { ...UserShown } attachments(first: 10) ${list("Attachment")}
}
fragment PostShown on Post {
  id description createdAt updatedAt deletedAt author { ...UserShown }
  ... on Photo { file { id fileName } }
  ... on PhotoSeries { photos { mediaFileId caption position file { id fileName } } }
  ... on VideoClip { file { id fileName } }
}
fragment TimelineItemShown on TimelineItem { __typename ...ReplyShown ...PostShown }
fragment TicketShown on Ticket {
  id number subject description status priority createdAt updatedAt deletedAt attachmentCount attachmentBytes
  requester { ...UserShown } assignee { ...UserShown } participants { ...UserShown } company { id name }
  attachments(first: 10) ${list("Attachment")}
  allAttachments(first: 10) ${list("Attachment")}
  attachmentQuota { files maxFiles bytes maxBytes }
  replies(first: 10) ${list("Reply")}
  posts(first: 10) ${list("Post")}
  timeline(first: 10) ${list("TimelineItem")}
  conversations(first: 10) { totalCount nodes { id subject } }
}
fragment ChatMessageShown on ChatMessage {
  id number body isEdited editedAt isDeleted deletedAt createdAt clientId sender { ...ActorShown } replyTo { id body }
  attachments(first: 10) ${list("Attachment")}
}
fragment ConversationShown on Conversation {
  id subject room createdAt updatedAt lastActivityAt closedAt closedBy { ...UserShown } startedBy { ...UserShown }
  participants { ...UserShown } guests { ...GuestShown } unreadCount ticket { id subject } company { id name }
  lastMessage { ...ChatMessageShown }
  messages(last: 10) ${list("ChatMessage")}
  attachments(last: 10) ${list("Attachment")}
}
fragment MediaFileShown on MediaFile {
  id fileName bucket mimeType kind size sha256 createdAt deletedAt expiresAt uploader { ...ActorShown }
  usages { resourceType resourceId fieldName attachment { id fileName size mimeType } post { id } company { id } user { id } }
  versions { id fileName size }
}
`;

/** A page: one field at the top of a query. */
export interface Page {
  readonly root: string;
  readonly query: DocumentNode;
}

const page = (root: string, args: string, selection: string): Page => ({
  root,
  query: withFragments(`query { ${root}${args} ${selection} }`),
});

/** A document with those of the fragments that it uses. */
export function withFragments(operation: string): DocumentNode {
  const all = new Map(
    SHOWN.split(/^(?=fragment )/m).flatMap((text) => {
      const name = /^fragment (\w+)/.exec(text)?.[1];
      return name ? [[name, text] as const] : [];
    }),
  );
  const used = new Set<string>();
  const collect = (text: string) => {
    for (const [, name] of text.matchAll(/\.\.\.(\w+Shown)/g))
      if (!used.has(name!)) {
        used.add(name!);
        collect(all.get(name!)!);
      }
  };
  collect(operation);
  return parse(`${operation} ${[...used].map((name) => all.get(name)).join("")}`);
}

/** Whoever may see the pages of managers and administrators of the company. */
const MANAGERS: readonly Part[] = ["manager", "admin"];

/** All that somebody's web app has on its pages of a company. */
export const pagesOf = (part: Part, companyId: string): readonly Page[] => [
  page("viewer", "", "{ ...ViewerShown }"),
  page("tickets", `(filter: { companyId: "${companyId}" }, first: 10)`, list("Ticket")),
  page("conversations", `(filter: { companyId: "${companyId}" }, first: 10)`, list("Conversation")),
  page("companies", "(first: 100)", list("Company")),
  page("stagedUploads", "", "{ ...StagedUploadShown }"),
  ...(MANAGERS.includes(part)
    ? [
        page("mediaFiles", `(companyId: "${companyId}", first: 20)`, list("MediaFile")),
        page("apiKeys", `(companyId: "${companyId}", first: 20)`, list("ApiKey")),
        page("webhooks", `(companyId: "${companyId}", first: 20)`, list("Webhook")),
        page("orphanedMediaFiles", `(companyId: "${companyId}", first: 20)`, list("MediaFile")),
        page(
          "storageReport",
          `(companyId: "${companyId}")`,
          "{ files bytes storedBytes usedBytes limitBytes leftBytes deleted { files } }",
        ),
        page(
          "company",
          `(id: "${companyId}")`,
          `{ ...CompanyShown memberships(first: 20) ${list("Membership")} invitations(first: 20) ${list("Invitation")} }`,
        ),
      ]
    : []),
  ...(part === "admin" ? [page("users", "(first: 100)", list("User"))] : []),
];
