import type { RootType } from "../support/schema-operations.js";
import { textFile } from "../support/ticket-world.js";
import type { Outside, Walker } from "../support/walker-reach.js";

/**
 * What somebody is told who asks for things that are not theirs. Of a list `empty`; of what may be asked by everybody
 * `open`: then nothing from outside stands in the answer. `own`: it could only be done to what is theirs.
 */
type Outcome =
  | "null"
  | "empty"
  | "open"
  | "own"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "BAD_USER_INPUT";

export interface RootAnswer {
  /** Arguments that point outside, one set for each attempt. */
  args(outside: Outside): readonly Readonly<Record<string, unknown>>[];
  readonly outcome: Partial<Readonly<Record<Walker["name"], Outcome>>> & { readonly others: Outcome };
}

type Args = RootAnswer["args"];
type Exceptions = Partial<Record<Walker["name"], Outcome>>;

const toldOf =
  (others: Outcome) =>
  (args: Args, but: Exceptions = {}): RootAnswer => ({
    args,
    outcome: { nobody: "UNAUTHENTICATED", others, ...but },
  });

/** As if it did not exist. */
const noObject = toldOf("null");
const noItems = toldOf("empty");
const notFound = toldOf("NOT_FOUND");
/** Who belongs to the company knows that it is there. */
const notOfCompany = (args: Args) => notFound(args, { bystander: "FORBIDDEN" });
const forbidden = toldOf("FORBIDDEN");

const byId = (kind: keyof Outside) => (outside: Outside) => [outside[kind]].flat().map((id) => ({ id }));
const byInputId =
  (kind: keyof Outside, more: () => object = () => ({})) =>
  (outside: Outside) =>
    [outside[kind]].flat().map((id) => ({ input: { id, ...more() } }));
const ofCompany = ({ companyId }: Outside) => [{ companyId }];
const inTicket =
  (more: () => object) =>
  ({ ticketIds }: Outside) =>
    ticketIds.map((ticketId) => ({ input: { ticketId, ...more() } }));
const inSeries = (more: (outside: Outside) => object) => (outside: Outside) => [
  { input: { seriesId: outside.seriesId, ...more(outside) } },
];
const inConversation = (more: (outside: Outside) => object) => (outside: Outside) =>
  outside.conversationIds.map((conversationId) => ({ input: { conversationId, ...more(outside) } }));

/** Every field of a root type has an answer here; one that is new needs one before it is let in. */
export const whatOutsidersAreTold: Readonly<Record<RootType, Readonly<Record<string, RootAnswer>>>> = {
  Query: {
    apiKeys: notOfCompany(ofCompany),
    attachment: noObject(byId("attachmentIds")),
    auditLog: notOfCompany(({ companyId }) => [{ filter: { companyId } }]),
    companies: noItems(() => [{ search: "Acme" }], { bystander: "open" }),
    company: noObject(byId("companyId"), { bystander: "open" }),
    companyBranding: { args: ({ slug }) => [{ slug }], outcome: { others: "open" } },
    conversation: noObject(byId("conversationIds")),
    conversations: noItems(
      ({ companyId, ticketIds }) => [
        { filter: { companyId } },
        ...ticketIds.map((ticketId) => ({ filter: { ticketId } })),
      ],
      { guest: "open" },
    ),
    mediaFile: noObject(byId("mediaFileIds")),
    mediaFiles: notOfCompany(ofCompany),
    mediaUsages: notOfCompany(({ companyId }) => [{ companyId, resourceType: "page", resourceIds: ["7"] }]),
    orphanedMediaFiles: notOfCompany(ofCompany),
    stagedUpload: noObject(byId("stagedUploadIds")),
    stagedUploads: toldOf("open")(() => [{}]),
    storageReport: notOfCompany(ofCompany),
    ticket: noObject(byId("ticketIds")),
    tickets: noItems(({ companyId, userId }) => [
      { filter: { companyId } },
      { filter: { requesterId: userId } },
      { filter: { companyId, isDeleted: true } },
    ]),
    user: noObject(({ userId }) => [{ id: userId }]),
    users: forbidden(() => [{}, { search: "acme" }, { isDeactivated: true }]),
    viewer: { args: () => [{}], outcome: { nobody: "null", others: "open" } },
    webhook: noObject(byId("webhookIds")),
    webhookDeliveries: notFound(({ webhookIds }) => webhookIds.map((webhookId) => ({ webhookId }))),
    webhooks: notOfCompany(ofCompany),
  },

  Mutation: {
    acceptInvitation: notFound(byId("invitationIds")),
    addConversationParticipant: notFound(inConversation(({ userId }) => ({ userId }))),
    addMediaUsage: notFound(({ mediaFileIds }) =>
      mediaFileIds.map((mediaFileId) => ({
        input: { mediaFileId, resourceType: "page", resourceId: "front", fieldName: "banner" },
      })),
    ),
    addParticipant: notFound(({ ticketIds, userId }) =>
      ticketIds.map((ticketId) => ({ input: { ticketId, userId } })),
    ),
    addReply: notFound(inTicket(() => ({ body: "Mine", files: [textFile()] }))),
    addToPhotoSeries: notFound(inSeries(() => ({ photos: [{ caption: "Mine", file: textFile() }] }))),
    cancelUpload: notFound(byId("stagedUploadIds")),
    captionPhoto: notFound(
      inSeries(({ mediaFileIds }) => ({ mediaFileId: mediaFileIds[0], caption: "Mine" })),
    ),
    changePassword: {
      args: () => [{ input: { currentPassword: "mine", newPassword: "longer than twelve" } }],
      outcome: { nobody: "UNAUTHENTICATED", guest: "NOT_FOUND", others: "own" },
    },
    closeConversation: notFound(byId("conversationIds")),
    completeUpload: notFound(byId("stagedUploadIds")),
    createApiKey: notOfCompany(({ companyId }) => [
      { input: { companyId, name: "Mine", scopes: ["READ", "UPLOAD", "MANAGE"] } },
    ]),
    createCompany: forbidden(() => [{ input: { name: "Mine", slug: "mine" } }]),
    createPasswordReset: notFound(({ userId }) => [{ userId }]),
    createPhoto: notFound(inTicket(() => ({ file: textFile() }))),
    createPhotoSeries: notFound(inTicket(() => ({ photos: [{ file: textFile() }] }))),
    createTicket: notFound(
      ({ companyId }) => [{ input: { companyId, subject: "Mine", files: [textFile()] } }],
      {
        bystander: "own",
      },
    ),
    createUser: forbidden(() => [
      { input: { email: "mine@example.com", name: "Mine", password: "longer than twelve", isAdmin: true } },
    ]),
    createWebhook: notOfCompany(({ companyId }) => [
      { input: { companyId, url: "https://receiver.example/", eventKinds: ["TICKET_OPENED"] } },
    ]),
    createVideoClip: notFound(inTicket(() => ({ file: textFile() }))),
    deactivateUser: notFound(({ userId }) => [{ id: userId }]),
    declineInvitation: notFound(byId("invitationIds")),
    deleteAttachment: notFound(byId("attachmentIds")),
    deleteCompany: notOfCompany(byId("companyId")),
    deleteMediaFile: notFound(byId("mediaFileIds")),
    deleteMessage: notFound(byId("messageIds")),
    deletePost: notFound(byId("postIds")),
    deleteReply: notFound(byId("replyIds")),
    deleteTicket: notFound(byId("ticketIds")),
    deleteWebhook: notFound(byId("webhookIds")),
    editMessage: notFound(byInputId("messageIds", () => ({ body: "Mine" }))),
    endOtherSessions: {
      args: () => [{}],
      outcome: { nobody: "UNAUTHENTICATED", guest: "NOT_FOUND", others: "own" },
    },
    endSession: notFound(({ sessionId }) => [{ id: sessionId }]),
    inviteGuest: notFound(inConversation(() => ({ displayName: "Mine" }))),
    inviteMember: notOfCompany(({ companyId }) => [
      { input: { companyId, email: "customer@globex.test", role: "MANAGER" } },
    ]),
    joinAsGuest: { args: () => [{ token: "nobody's" }], outcome: { others: "UNAUTHENTICATED" } },
    makeVersionCurrent: notFound(byId("mediaFileIds")),
    markRead: notFound(inConversation(({ messageIds }) => ({ messageId: messageIds[0] }))),
    purgeMessage: notFound(byId("messageIds")),
    purgeOrphanedMedia: notOfCompany(({ companyId }) => [
      { input: { companyId, olderThanDays: 0 } },
      { input: { companyId, olderThanDays: 0, dryRun: true } },
    ]),
    reactivateUser: notFound(({ userId }) => [{ id: userId }]),
    refreshSession: { args: () => [{ refreshToken: "nobody's" }], outcome: { others: "UNAUTHENTICATED" } },
    removeAvatar: {
      args: () => [{}],
      outcome: { nobody: "UNAUTHENTICATED", guest: "NOT_FOUND", others: "own" },
    },
    removeCompanyBackground: notOfCompany(({ companyId }) => [{ companyId, background: "LOGIN" }]),
    removeCompanyLogo: notOfCompany(ofCompany),
    removeConversationParticipant: notFound(inConversation(({ userId }) => ({ userId }))),
    removeFromPhotoSeries: notFound(inSeries(({ mediaFileIds }) => ({ mediaFileId: mediaFileIds[0] }))),
    removeMediaUsage: notFound(({ mediaFileIds }) =>
      mediaFileIds.map((mediaFileId) => ({
        input: { mediaFileId, resourceType: "page", resourceId: "front", fieldName: "banner" },
      })),
    ),
    releaseQuarantined: notFound(byId("mediaFileIds")),
    destroyQuarantined: notFound(byId("mediaFileIds")),
    removeMembership: notOfCompany(({ companyId, userId }) => [{ input: { companyId, userId } }]),
    removeParticipant: notFound(({ ticketIds, userId }) =>
      ticketIds.map((ticketId) => ({ input: { ticketId, userId } })),
    ),
    reopenConversation: notFound(byId("conversationIds")),
    reorderPhotoSeries: notFound(
      inSeries(({ mediaFileIds }) => ({ mediaFileIds: mediaFileIds.slice(0, 2) })),
    ),
    replaceMediaFile: notFound(byInputId("mediaFileIds", () => ({ file: textFile() }))),
    resetPassword: {
      args: () => [{ input: { token: "nobody's", newPassword: "longer than twelve" } }],
      outcome: { others: "UNAUTHENTICATED" },
    },
    restoreAttachment: notFound(byId("attachmentIds")),
    restoreCompany: notOfCompany(byId("companyId")),
    restoreMediaFile: notFound(byId("mediaFileIds")),
    restorePost: notFound(byId("postIds")),
    restoreReply: notFound(byId("replyIds")),
    restoreTicket: notFound(byId("ticketIds")),
    resendWebhookDelivery: notFound(byId("webhookDeliveryIds")),
    rotateWebhookSecret: notFound(byId("webhookIds")),
    testWebhook: notFound(byId("webhookIds")),
    updateWebhook: notFound(byInputId("webhookIds", () => ({ description: "Mine" }))),
    revokeApiKey: notFound(byId("apiKeyIds")),
    revokeGuest: notFound(byId("guestIds")),
    revokeInvitation: notFound(byId("invitationIds")),
    addMessageAttachments: notFound(({ messageIds }) =>
      messageIds.map((messageId) => ({ input: { messageId, files: [textFile()] } })),
    ),
    sendMessage: notFound(inConversation(() => ({ body: "Mine", files: [textFile()] }))),
    setAvatar: {
      args: () => [{ file: textFile() }],
      outcome: { nobody: "UNAUTHENTICATED", guest: "NOT_FOUND", others: "own" },
    },
    setCompanyBackground: notOfCompany(({ companyId }) => [
      { input: { companyId, background: "LOGIN", file: textFile() } },
    ]),
    setCompanyLogo: notOfCompany(({ companyId }) => [{ input: { companyId, file: textFile() } }]),
    setMembership: notOfCompany(({ companyId }) => [
      { input: { companyId, email: "customer@globex.test", role: "MANAGER" } },
    ]),
    setStorageLimit: notOfCompany(({ companyId }) => [{ input: { companyId, storageLimitBytes: 1 } }]),
    signIn: {
      args: () => [{ input: { email: "manager@acme.test", password: "a guess" } }],
      outcome: { others: "UNAUTHENTICATED" },
    },
    signOut: {
      args: () => [{ refreshToken: "nobody's" }],
      outcome: { nobody: "open", guest: "open", others: "own" },
    },
    startConversation: notOfCompany(({ companyId, ticketIds, userId }) => [
      { input: { companyId, ticketId: ticketIds[0], participantIds: [userId] } },
    ]),
    startUpload: notFound(({ ticketIds, replyIds, conversationIds, mediaFileIds }) =>
      [
        ...ticketIds.map((ticketId) => ({ bucket: "PHOTOS", ticketId })),
        ...replyIds.map((replyId) => ({ bucket: "ATTACHMENTS", replyId })),
        ...conversationIds.map((conversationId) => ({ bucket: "CHAT", conversationId })),
        ...mediaFileIds.map((mediaFileId) => ({ bucket: "ATTACHMENTS", mediaFileId })),
      ].map((target) => ({ input: { ...target, fileName: "mine.png", size: 9 } })),
    ),
    startTyping: notFound(({ conversationIds }) =>
      conversationIds.map((conversationId) => ({ conversationId })),
    ),
    updateAttachment: notFound(byInputId("attachmentIds", () => ({ description: "Mine" }))),
    updateCompany: notOfCompany(byInputId("companyId", () => ({ name: "Mine" }))),
    updateMediaFile: notFound(byInputId("mediaFileIds", () => ({ fileName: "mine.txt" }))),
    updatePost: notFound(byInputId("postIds", () => ({ description: "Mine" }))),
    updateReply: notFound(byInputId("replyIds", () => ({ body: "Mine" }))),
    updateTicket: notFound(byInputId("ticketIds", () => ({ subject: "Mine", status: "CLOSED" }))),
    updateUser: notFound(({ userId }) => [
      { input: { id: userId, name: "Mine" } },
      { input: { id: userId, isAdmin: true } },
    ]),
    uploadMedia: notOfCompany(({ companyId }) => [
      { input: { companyId, bucket: "ATTACHMENTS", file: textFile() } },
    ]),
    uploadReplyAttachments: notFound(({ replyIds }) =>
      replyIds.map((replyId) => ({ input: { replyId, files: [textFile()] } })),
    ),
    uploadTicketAttachments: notFound(inTicket(() => ({ files: [textFile()] }))),
  },

  Subscription: {
    conversationEvents: notFound(({ conversationIds }) =>
      conversationIds.flatMap((conversationId) => [
        { conversationId, after: "0" },
        { conversationId, after: "0", presence: true },
      ]),
    ),
    mediaFileEvents: notOfCompany(({ companyId }) => [{ companyId, after: "0" }]),
    ticketEvents: notFound(({ ticketIds }) => ticketIds.map((ticketId) => ({ ticketId, after: "0" }))),
  },
};
