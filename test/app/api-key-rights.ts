import type { ApiKeyScope } from "../../src/modules/identity/viewer.js";
import type { RootType } from "../support/schema-operations.js";
import { textFile } from "../support/ticket-world.js";

/**
 * What a key of a company is told that asks for what is its company's. `ok`: it is done. Otherwise a code, or what a
 * query says in place of what it does not show.
 */
type Outcome = "ok" | "null" | "empty" | "UNAUTHENTICATED" | "FORBIDDEN" | "NOT_FOUND";

/** What a row may be about; each file is made when it is asked for. */
export interface KeyScene {
  readonly companyId: string;
  /** Uploaded by a person. */
  mediaFileId(): Promise<string>;
  /** Uploaded by the key that asks. */
  ownFileId(): Promise<string>;
  /** Deleted, uploaded by a person. */
  deletedFileId(): Promise<string>;
  /** Begun by the key that asks. */
  ownUploadId(): Promise<string>;
  /** For a logo. */
  picture(): Promise<File>;
}

export interface RightsRow {
  /** For each scope by itself. */
  readonly outcome: Readonly<Record<ApiKeyScope, Outcome>>;
  /** Without it, the arguments of `outsider-visibility.ts`: all that people of the company have. */
  readonly args?: (scene: KeyScene) => Promise<Readonly<Record<string, unknown>>>;
}

type Args = RightsRow["args"];

const row = (READ: Outcome, UPLOAD: Outcome, MANAGE: Outcome, args?: Args): RightsRow => ({
  outcome: { READ, UPLOAD, MANAGE },
  ...(args && { args }),
});
/** No key may, whatever its scopes. */
const never = (outcome: Outcome, args?: Args): RightsRow => row(outcome, outcome, outcome, args);
/** What belongs to tickets, conversations and people: for keys, it is not there. */
const notThere = never("NOT_FOUND");
/** Of the company, which the key knows. */
const forbidden = never("FORBIDDEN");
const everyKey = (args?: Args) => never("ok", args);

const ofCompany = async ({ companyId }: KeyScene) => ({ companyId });
const aFile = async ({ mediaFileId }: KeyScene) => ({ id: await mediaFileId() });
const usage = async (mediaFileId: () => Promise<string>) => ({
  input: {
    mediaFileId: await mediaFileId(),
    resourceType: "course",
    resourceId: "17",
    fieldName: "thumbnail",
  },
});

/** Every field of a root type has a row here; one that is new needs one before it is let in. */
export const whatKeysMay: Readonly<Record<RootType, Readonly<Record<string, RightsRow>>>> = {
  Query: {
    apiKeys: forbidden,
    attachment: never("null"),
    auditLog: forbidden,
    companies: never("empty"),
    company: everyKey(async ({ companyId }) => ({ id: companyId })),
    companyBranding: everyKey(async () => ({ slug: "acme" })),
    conversation: never("null"),
    conversations: never("empty"),
    mediaFile: row("ok", "null", "ok", aFile),
    mediaFiles: row("ok", "FORBIDDEN", "ok", ofCompany),
    // Nothing has been registered yet; `resource-usages.test.ts` has what they see.
    mediaUsages: row("empty", "FORBIDDEN", "empty", async ({ companyId }) => ({
      companyId,
      resourceType: "course",
      resourceIds: ["17"],
    })),
    orphanedMediaFiles: row("FORBIDDEN", "FORBIDDEN", "ok", async ({ companyId }) => ({
      companyId,
      olderThanDays: 0,
    })),
    stagedUpload: never("null"),
    // Its own.
    stagedUploads: everyKey(async () => ({})),
    storageReport: row("FORBIDDEN", "FORBIDDEN", "ok", ofCompany),
    ticket: never("null"),
    tickets: never("empty"),
    user: never("null"),
    users: forbidden,
    viewer: everyKey(async () => ({})),
    webhook: never("null"),
    webhookDeliveries: notThere,
    webhooks: forbidden,
  },

  Mutation: {
    acceptInvitation: notThere,
    addConversationParticipant: notThere,
    addMediaUsage: row("FORBIDDEN", "NOT_FOUND", "ok", ({ mediaFileId }) => usage(mediaFileId)),
    addParticipant: notThere,
    addReply: notThere,
    addToPhotoSeries: notThere,
    // Somebody else's.
    cancelUpload: notThere,
    captionPhoto: notThere,
    changePassword: notThere,
    closeConversation: notThere,
    completeUpload: notThere,
    createApiKey: forbidden,
    createCompany: forbidden,
    createPasswordReset: notThere,
    createPhoto: notThere,
    createPhotoSeries: notThere,
    createTicket: notThere,
    createUser: forbidden,
    createVideoClip: notThere,
    createWebhook: forbidden,
    deactivateUser: notThere,
    declineInvitation: notThere,
    deleteAttachment: notThere,
    deleteCompany: forbidden,
    deleteMediaFile: row("FORBIDDEN", "NOT_FOUND", "ok", aFile),
    deleteMessage: notThere,
    deletePost: notThere,
    deleteReply: notThere,
    deleteTicket: notThere,
    deleteWebhook: notThere,
    destroyQuarantined: row("FORBIDDEN", "NOT_FOUND", "FORBIDDEN", aFile),
    editMessage: notThere,
    endOtherSessions: notThere,
    endSession: notThere,
    inviteGuest: notThere,
    inviteMember: forbidden,
    // Its right is a token that it does not have.
    joinAsGuest: never("UNAUTHENTICATED"),
    makeVersionCurrent: row("FORBIDDEN", "NOT_FOUND", "ok", aFile),
    markRead: notThere,
    purgeMessage: notThere,
    purgeOrphanedMedia: row("FORBIDDEN", "FORBIDDEN", "ok", async ({ companyId }) => ({
      input: { companyId, dryRun: true },
    })),
    reactivateUser: notThere,
    refreshSession: never("UNAUTHENTICATED"),
    releaseQuarantined: row("FORBIDDEN", "NOT_FOUND", "FORBIDDEN", aFile),
    removeAvatar: notThere,
    removeCompanyBackground: row("FORBIDDEN", "FORBIDDEN", "ok", async ({ companyId }) => ({
      companyId,
      background: "LOGIN",
    })),
    removeCompanyLogo: row("FORBIDDEN", "FORBIDDEN", "ok", ofCompany),
    removeConversationParticipant: notThere,
    removeFromPhotoSeries: notThere,
    removeMediaUsage: row("FORBIDDEN", "NOT_FOUND", "ok", ({ mediaFileId }) => usage(mediaFileId)),
    removeMembership: forbidden,
    removeParticipant: notThere,
    reopenConversation: notThere,
    reorderPhotoSeries: notThere,
    replaceMediaFile: row("FORBIDDEN", "NOT_FOUND", "ok", async ({ mediaFileId }) => ({
      input: { id: await mediaFileId(), file: textFile() },
    })),
    resendWebhookDelivery: notThere,
    resetPassword: never("UNAUTHENTICATED"),
    restoreAttachment: notThere,
    restoreCompany: forbidden,
    restoreMediaFile: row("FORBIDDEN", "NOT_FOUND", "ok", async ({ deletedFileId }) => ({
      id: await deletedFileId(),
    })),
    restorePost: notThere,
    restoreReply: notThere,
    restoreTicket: notThere,
    revokeApiKey: notThere,
    revokeGuest: notThere,
    revokeInvitation: notThere,
    addMessageAttachments: notThere,
    rotateWebhookSecret: notThere,
    sendMessage: notThere,
    setAvatar: notThere,
    setCompanyBackground: row("FORBIDDEN", "FORBIDDEN", "ok", async ({ companyId, picture }) => ({
      input: { companyId, background: "LOGIN", file: await picture() },
    })),
    setCompanyLogo: row("FORBIDDEN", "FORBIDDEN", "ok", async ({ companyId, picture }) => ({
      input: { companyId, file: await picture() },
    })),
    setMembership: forbidden,
    setStorageLimit: forbidden,
    signIn: never("UNAUTHENTICATED"),
    // A key is no session: nothing is ended.
    signOut: everyKey(async () => ({})),
    startConversation: notThere,
    startTyping: notThere,
    startUpload: row("FORBIDDEN", "ok", "FORBIDDEN", async ({ companyId }) => ({
      input: { companyId, bucket: "PUBLIC_PAGES", fileName: "page.png", size: 9 },
    })),
    testWebhook: notThere,
    updateAttachment: notThere,
    updateCompany: forbidden,
    updateMediaFile: row("FORBIDDEN", "NOT_FOUND", "ok", async ({ mediaFileId }) => ({
      input: { id: await mediaFileId(), fileName: "other.txt" },
    })),
    updatePost: notThere,
    updateReply: notThere,
    updateTicket: notThere,
    updateUser: notThere,
    updateWebhook: notThere,
    uploadMedia: row("FORBIDDEN", "ok", "FORBIDDEN", async ({ companyId }) => ({
      input: { companyId, bucket: "ATTACHMENTS", file: textFile() },
    })),
    uploadReplyAttachments: notThere,
    uploadTicketAttachments: notThere,
  },

  Subscription: {
    conversationEvents: notThere,
    mediaFileEvents: row("ok", "FORBIDDEN", "ok", async ({ companyId }) => ({ companyId, after: "0" })),
    ticketEvents: notThere,
  },
};

/** What a key that may only upload may do to what it has uploaded itself. */
export const whatUploadersMay: Readonly<Record<string, RightsRow>> = {
  "Query.mediaFile": everyKey(async ({ ownFileId }) => ({ id: await ownFileId() })),
  "Query.stagedUpload": everyKey(async ({ ownUploadId }) => ({ id: await ownUploadId() })),
  "Mutation.addMediaUsage": everyKey(({ ownFileId }) => usage(ownFileId)),
  "Mutation.removeMediaUsage": everyKey(({ ownFileId }) => usage(ownFileId)),
  "Mutation.cancelUpload": everyKey(async ({ ownUploadId }) => ({ id: await ownUploadId() })),
  "Mutation.updateMediaFile": never("FORBIDDEN", async ({ ownFileId }) => ({
    input: { id: await ownFileId(), fileName: "other.txt" },
  })),
  "Mutation.replaceMediaFile": never("FORBIDDEN", async ({ ownFileId }) => ({
    input: { id: await ownFileId(), file: textFile() },
  })),
  "Mutation.makeVersionCurrent": never("NOT_FOUND", async ({ ownFileId }) => ({ id: await ownFileId() })),
  "Mutation.deleteMediaFile": never("FORBIDDEN", async ({ ownFileId }) => ({ id: await ownFileId() })),
};
