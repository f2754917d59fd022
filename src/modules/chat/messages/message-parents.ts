import { gone, quotaExceeded } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { countLiveOfParent } from "../../attachments/attachment.repository.js";
import type { AttachmentParents } from "../../attachments/parents.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import { recordConversationEvent } from "../conversations/conversation.events.js";
import { listConversationsByIds, lockConversation } from "../conversations/conversation.repository.js";
import { readerOf } from "../conversations/find-conversation.js";
import { chatMessagePolicy } from "./chat-message.policy.js";
import { findMessageState, listMessagesByIds } from "./chat-message.repository.js";

/** What messages answer for their attachments. @param filesPerMessage the files that one may have */
export const createMessageParents = ({
  filesPerMessage,
}: {
  readonly filesPerMessage: number;
}): AttachmentParents => ({
  async statesFor(db, viewer, parents) {
    if (viewer.kind === "anonymous" || parents.length === 0) return new Map();
    const ids = parents.map(({ id }) => id);
    const messages = await listMessagesByIds(db, tenantsReachedBy(viewer), ids, { withBodies: false });
    const conversationIds = [...new Set(messages.map((message) => message.conversationId))];
    const rows = await listConversationsByIds(db, readerOf(viewer), conversationIds);
    const conversations = new Map(rows.map((row) => [row.id, row]));
    return new Map(
      messages.flatMap((message) => {
        const conversation = conversations.get(message.conversationId);
        if (!conversation || !chatMessagePolicy.read(viewer, { message, conversation })) return [];
        return [[message.id, message.isDeleted ? "deleted" : "readable"] as const];
      }),
    );
  },

  async lock(tx, { id }) {
    await lockConversation(tx, (await requireMessageState(tx, id)).conversationId);
  },

  async countFiles(tx, parent, { files }) {
    if (files <= 0) return;
    const { companyId, isDeleted } = await requireMessageState(tx, parent.id);
    if (isDeleted) throw gone("message");
    refuseMoreFiles(await countLiveOfParent(tx, companyId, parent), files, filesPerMessage);
  },

  async onAttachmentChanged(tx, { id }, { attachmentId, what }) {
    const { conversationId, companyId, isDeleted } = await requireMessageState(tx, id);
    // Attachments that are added or deleted with their message are part of the message's events; who adds one later
    // records that.
    if (what === "added" || isDeleted) return;
    const conversation = { id: conversationId, companyId };
    if (what === "updated") recordConversationEvent(tx, conversation, "message.updated", { messageId: id });
    else {
      const type = `attachment.${what === "rendered" ? "updated" : what}` as const;
      recordConversationEvent(tx, conversation, type, { attachmentId, messageId: id });
    }
  },
});

/** @throws QUOTA_EXCEEDED if a message would have more files than it may have */
export function refuseMoreFiles(present: number, added: number, limit: number): void {
  if (present + added <= limit) return;
  throw quotaExceeded(
    `A message takes ${limit} files; this one has ${present}, and ${added} more do not fit. Send them with another message.`,
    { limit, actual: present + added },
  );
}

async function requireMessageState(tx: Database, id: string) {
  const state = await findMessageState(tx, id);
  if (state === null) throw gone("message");
  return state;
}
