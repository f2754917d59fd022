/** What of Apollo Client's cache is used here; the cache of version 3 has it as well. */
interface Cache {
  evict(options: { readonly id?: string; readonly fieldName?: string }): boolean;
  extract(): unknown;
  gc(): string[];
  identify(object: { readonly __typename: string; readonly id: string }): string | undefined;
}

/** The files of companies, and what is counted of them. */
const LIBRARY = ["Query.mediaFiles", "Query.orphanedMediaFiles", "Query.storageReport"];
/** Which file is used where: a usage that takes the place of others changes their files too. */
const USAGES = ["MediaFile.usages", "Query.mediaUsages"];
/** What the viewer has uploaded and not used yet: a mutation that takes files may have taken some. */
const STAGED = ["Query.stagedUpload", "Query.stagedUploads"];
const TAKING_FILES = [...LIBRARY, ...STAGED];
/** What somebody may see has changed: all of it. */
const EVERYTHING = ["Query"];

/**
 * What a mutation changes that no object in its answer leads to: fields of the schema, such as `Query.tickets`, whatever
 * their arguments. A type alone stands for all its fields.
 */
export const forgottenAfter: Readonly<Record<string, readonly string[]>> = {
  acceptInvitation: EVERYTHING,
  addMessageAttachments: TAKING_FILES,
  addMediaUsage: ["Query.mediaFiles", "Query.orphanedMediaFiles", ...USAGES],
  addReply: TAKING_FILES,
  addToPhotoSeries: TAKING_FILES,
  cancelUpload: STAGED,
  closeConversation: ["Query.conversations"],
  completeUpload: STAGED,
  createApiKey: ["Query.apiKeys"],
  createCompany: ["Query.companies"],
  createPhoto: TAKING_FILES,
  createPhotoSeries: TAKING_FILES,
  createTicket: ["Query.tickets", ...TAKING_FILES],
  createUser: ["Query.users"],
  createVideoClip: TAKING_FILES,
  createWebhook: ["Query.webhooks"],
  deactivateUser: EVERYTHING,
  declineInvitation: ["Viewer.invitations"],
  deleteAttachment: ["Query.attachment", ...LIBRARY],
  deleteCompany: EVERYTHING,
  deleteMediaFile: ["Query.mediaFile", ...LIBRARY],
  deleteMessage: ["Query.attachment", ...LIBRARY],
  deletePost: LIBRARY,
  deleteReply: ["Query.attachment", ...LIBRARY],
  deleteTicket: EVERYTHING,
  deleteWebhook: ["Query.webhook", "Query.webhookDeliveries", "Query.webhooks"],
  destroyQuarantined: LIBRARY,
  inviteMember: ["Company.invitations"],
  makeVersionCurrent: LIBRARY,
  purgeMessage: ["Query.attachment", "Query.conversations", ...LIBRARY],
  purgeOrphanedMedia: ["Query.mediaFile", ...LIBRARY],
  reactivateUser: EVERYTHING,
  releaseQuarantined: LIBRARY,
  removeMediaUsage: ["Query.mediaFiles", "Query.orphanedMediaFiles", "Query.mediaUsages"],
  removeAvatar: LIBRARY,
  removeCompanyBackground: ["Query.companyBranding", ...LIBRARY],
  removeCompanyLogo: ["Query.companyBranding", ...LIBRARY],
  removeConversationParticipant: ["Query.conversations"],
  removeFromPhotoSeries: LIBRARY,
  removeMembership: EVERYTHING,
  removeParticipant: ["Query.tickets"],
  reopenConversation: ["Query.conversations"],
  resendWebhookDelivery: ["Query.webhookDeliveries"],
  replaceMediaFile: [...TAKING_FILES, ...USAGES],
  restoreAttachment: ["Query.attachment", ...LIBRARY],
  restoreCompany: EVERYTHING,
  restoreMediaFile: ["Query.mediaFile", ...LIBRARY],
  restorePost: LIBRARY,
  restoreReply: ["Query.attachment", ...LIBRARY],
  restoreTicket: EVERYTHING,
  revokeInvitation: ["Company.invitations"],
  sendMessage: ["Query.conversations", ...TAKING_FILES],
  setAvatar: TAKING_FILES,
  setCompanyBackground: ["Query.companyBranding", ...TAKING_FILES],
  setCompanyLogo: ["Query.companyBranding", ...TAKING_FILES],
  setMembership: EVERYTHING,
  setStorageLimit: ["Query.storageReport"],
  startConversation: ["Query.conversations"],
  startUpload: STAGED,
  testWebhook: ["Query.webhookDeliveries"],
  updateCompany: ["Query.companies", "Query.companyBranding", ...TAKING_FILES],
  updateMediaFile: LIBRARY,
  updateTicket: ["Query.tickets"],
  updateUser: ["Query.users"],
  uploadMedia: [...TAKING_FILES, ...USAGES],
  uploadReplyAttachments: TAKING_FILES,
  uploadTicketAttachments: TAKING_FILES,
};

/**
 * Forgets what a mutation has changed beside what it answers, so that pages that show it ask again. Give it as `update`:
 *
 *     client.mutate({ mutation, variables, update: forgetChanged });
 *
 * It goes by the names of the mutations: give them no alias.
 */
export function forgetChanged(cache: Cache, { data }: { readonly data?: unknown }): void {
  for (const [mutation, answer] of Object.entries(data ?? {})) {
    if (answer === null) continue;
    for (const field of forgottenAfter[mutation] ?? []) forgetField(cache, field);
    if (isPurgedMessage(answer)) forgetObject(cache, "ChatMessage", answer.id);
  }
  cache.gc();
}

function forgetField(cache: Cache, coordinate: string): void {
  const [type, fieldName] = coordinate.split(".");
  const isOfType = (id: string) => (type === "Query" ? id === "ROOT_QUERY" : id.startsWith(`${type}:`));
  for (const id of Object.keys(cache.extract() ?? {}))
    if (isOfType(id)) cache.evict(fieldName === undefined ? { id } : { id, fieldName });
}

function forgetObject(cache: Cache, __typename: string, id: string): void {
  const known = cache.identify({ __typename, id });
  if (known !== undefined) cache.evict({ id: known });
}

const isPurgedMessage = (answer: unknown): answer is { readonly id: string } =>
  (answer as { readonly __typename?: string }).__typename === "PurgedMessage";
