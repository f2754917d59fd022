/*
 * By which test each mutation shows that the rights of whoever asks for it hold until its commit
 * (docs/decisions/0037-rights-hold-until-the-commit.md). `rights-tables.test.ts` compares this with the schema.
 */

/** What takes files, which arrive for up to an hour: `rights-until-commit.long.ts`. */
export const MUTATIONS_WITH_FILES = [
  "addMessageAttachments",
  "addReply",
  "addToPhotoSeries",
  "createCompany",
  "createPhoto",
  "createPhotoSeries",
  "createTicket",
  "createVideoClip",
  "replaceMediaFile",
  "sendMessage",
  "setAvatar",
  "setCompanyBackground",
  "setCompanyLogo",
  "updateCompany",
  "uploadMedia",
  "uploadReplyAttachments",
  "uploadTicketAttachments",
] as const;

/** What does without files, outside of tickets: `rights-of-changes.long.ts`. */
export const CHANGES = [
  "acceptInvitation",
  "addConversationParticipant",
  "addMediaUsage",
  "cancelUpload",
  "changePassword",
  "closeConversation",
  "completeUpload",
  "createApiKey",
  "createPasswordReset",
  "createUser",
  "createWebhook",
  "deactivateUser",
  "declineInvitation",
  "deleteCompany",
  "deleteMediaFile",
  "deleteMessage",
  "deleteWebhook",
  "editMessage",
  "endOtherSessions",
  "endSession",
  "inviteGuest",
  "inviteMember",
  "makeVersionCurrent",
  "markRead",
  "purgeMessage",
  "purgeOrphanedMedia",
  "reactivateUser",
  "destroyQuarantined",
  "releaseQuarantined",
  "removeAvatar",
  "removeCompanyBackground",
  "removeCompanyLogo",
  "removeConversationParticipant",
  "removeMediaUsage",
  "removeMembership",
  "reopenConversation",
  "resendWebhookDelivery",
  "restoreCompany",
  "restoreMediaFile",
  "revokeApiKey",
  "revokeGuest",
  "revokeInvitation",
  "rotateWebhookSecret",
  "setMembership",
  "setStorageLimit",
  "startConversation",
  "startUpload",
  "testWebhook",
  "updateMediaFile",
  "updateUser",
  "updateWebhook",
] as const;

/** What does without files, of tickets and attachments: `rights-of-ticket-changes.long.ts`. */
export const TICKET_CHANGES = [
  "addParticipant",
  "captionPhoto",
  "deleteAttachment",
  "deletePost",
  "deleteReply",
  "deleteTicket",
  "removeFromPhotoSeries",
  "removeParticipant",
  "reorderPhotoSeries",
  "restoreAttachment",
  "restorePost",
  "restoreReply",
  "restoreTicket",
  "updateAttachment",
  "updatePost",
  "updateReply",
  "updateTicket",
] as const;

/** What asks no right of a viewer that could end, each with the reason. */
export const WITHOUT_RIGHTS: Readonly<Record<string, string>> = {
  joinAsGuest:
    "its right is the invitation, which its transaction looks at again; `rights-of-changes.long.ts` shows it",
  refreshSession:
    "its right is the refresh token, which is judged and exchanged under the lock on its session",
  resetPassword: "its right is the link, which its transaction uses up under the lock on the account",
  signIn: "nobody asks yet; the account is locked, and judged, in the transaction that opens the session",
  signOut: "it ends the session that it was asked with, whatever else has ended",
  startTyping: "it writes nothing: a sign is sent to those who follow, and forgotten",
};
