import type { Clock } from "../../../kernel/clock.js";
import { gone } from "../../../kernel/errors.js";
import type { AttachmentDeletionService } from "../../attachments/attachment-deletion.service.js";
import type { Viewer } from "../../identity/viewer.js";
import type { PurgeDeps } from "../../media/upkeep/purge.js";
import { purgeFile } from "../../media/upkeep/purge.js";
import { conversationClosed } from "../conversations/conversation.errors.js";
import { recordConversationEvent } from "../conversations/conversation.events.js";
import { changeMessage } from "./change-message.js";
import { auditMessage } from "./chat-message.audit.js";
import type { ChatMessageView } from "./chat-message.repository.js";
import * as repository from "./chat-message.repository.js";
import { bodyWith } from "./chat-message.service.js";
import type { FoundMessage } from "./find-message.js";
import { requireMessage } from "./find-message.js";

export interface ChatMessageChangeDeps extends PurgeDeps {
  readonly clock: Clock;
  readonly attachmentDeletions: Pick<
    AttachmentDeletionService,
    "softDeleteAllOf" | "purgeAllOf" | "listLiveOf"
  >;
}

/** What is left of a purged message. */
export type PurgedMessageRef = Pick<ChatMessageView, "id" | "conversationId">;

export type ChatMessageChangeService = ReturnType<typeof createChatMessageChangeService>;

export const createChatMessageChangeService = (deps: ChatMessageChangeDeps) => ({
  /** Also in a closed conversation, but for guests. @throws GONE for a deleted one */
  editMessage: (viewer: Viewer, input: { id: string; body: string }) => editMessage(deps, viewer, input),

  /** It keeps its position in the thread; its text and files can no longer be read. */
  deleteMessage: (viewer: Viewer, id: string) => deleteMessage(deps, viewer, id),

  /** Deleted or not, with its files, and their bytes when nothing else uses them. @throws SERVICE_UNAVAILABLE */
  purgeMessage: (viewer: Viewer, id: string) => purgeMessage(deps, viewer, id),
});

const parentOf = ({ message: { id, companyId } }: FoundMessage) => ({
  companyId,
  parent: { kind: "message", id } as const,
});

/** Guests may only read in a closed conversation. */
function refuseToGuestsWhenClosed({ viewer, conversation }: FoundMessage): void {
  if (viewer.kind === "guest" && conversation.closedAt !== null) throw conversationClosed();
}

async function editMessage(
  { db, attachmentDeletions }: ChatMessageChangeDeps,
  viewer: Viewer,
  input: { id: string; body: string },
): Promise<ChatMessageView> {
  const found = await requireMessage(db, viewer, input.id, "edit");
  const { message } = found;
  if (message.isDeleted) throw gone("message");
  refuseToGuestsWhenClosed(found);
  const isBlank = input.body.trim() === "";
  const files = isBlank ? (await attachmentDeletions.listLiveOf(parentOf(found))).length : 0;
  const body = bodyWith(input.body, files);
  if (body === message.body) return message;
  return changeMessage(db, found, "edit", async (tx, now) => {
    refuseToGuestsWhenClosed(now);
    const edited = await repository.updateMessageBody(tx, message.companyId, message.id, body);
    if (edited === null) throw gone("message");
    await auditMessage(tx, now.viewer, "message.updated", message);
    recordConversationEvent(tx, now.conversation, "message.updated", { messageId: message.id });
    return edited;
  });
}

async function deleteMessage(
  { db, attachmentDeletions }: ChatMessageChangeDeps,
  viewer: Viewer,
  id: string,
): Promise<ChatMessageView> {
  const found = await requireMessage(db, viewer, id, "delete");
  refuseToGuestsWhenClosed(found);
  return changeMessage(db, found, "delete", async (tx, now) => {
    refuseToGuestsWhenClosed(now);
    const { message, conversation, viewer: by } = now;
    const { companyId } = message;
    const deleted = await repository.softDeleteMessage(tx, companyId, id, by.id);
    if (deleted === null) throw gone("message");
    await attachmentDeletions.softDeleteAllOf(tx, by, parentOf(now));
    await auditMessage(tx, by, "message.deleted", message);
    recordConversationEvent(tx, conversation, "message.deleted", { messageId: id });
    return deleted;
  });
}

async function purgeMessage(
  deps: ChatMessageChangeDeps,
  viewer: Viewer,
  id: string,
): Promise<PurgedMessageRef> {
  const { db, clock, attachmentDeletions } = deps;
  const found = await requireMessage(db, viewer, id, "purge");
  await deps.assertMayRemove();
  const before = clock();
  const files = await changeMessage(db, found, "purge", async (tx, { message, conversation, viewer: by }) => {
    const { companyId } = message;
    const purged = await attachmentDeletions.purgeAllOf(tx, parentOf(found), before);
    if (!(await repository.purgeMessage(tx, companyId, id))) throw gone("message");
    await auditMessage(tx, by, "message.purged", message);
    recordConversationEvent(tx, conversation, "message.purged", { messageId: id });
    return purged;
  });
  // If the process dies before this, the hourly purge does it.
  for (const file of files) await purgeFile(deps, file, { kind: "deleted", before });
  return { id, conversationId: found.conversation.id };
}
