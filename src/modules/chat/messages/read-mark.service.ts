import { authorize } from "../../../kernel/authorize.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Viewer } from "../../identity/viewer.js";
import { conversationPolicy } from "../conversations/conversation.policy.js";
import type { ConversationView } from "../conversations/conversation.repository.js";
import { findConversationAndLockParticipation } from "../conversations/conversation.repository.js";
import { readerOf, requireConversation } from "../conversations/find-conversation.js";
import { messageOfAnotherConversation } from "./chat-message.errors.js";
import { findMessage } from "./chat-message.repository.js";
import { upsertReadMark } from "./read-mark.repository.js";

/** The message up to which a conversation has been read. */
export interface Reading {
  readonly conversationId: string;
  readonly messageId: string;
}

export type ReadMarkService = ReturnType<typeof createReadMarkService>;

export const createReadMarkService = ({ db }: { readonly db: Database }) => ({
  /** Never backwards. @throws BAD_USER_INPUT for a message of another conversation */
  async markRead(viewer: Viewer, { conversationId, messageId }: Reading): Promise<ConversationView> {
    const { conversation, viewer: reader } = await requireConversation(db, viewer, conversationId, "read");
    const { id, companyId } = conversation;
    // Both statements are sent together, because all subscribers of a conversation mark each of its messages.
    const lock = (tx: Database) =>
      Promise.all([
        findConversationAndLockParticipation(tx, readerOf(reader), id),
        isId(messageId) ? findMessage(tx, { companyIds: [companyId] }, messageId) : null,
      ]);
    return writeAs(db, { viewer: reader, companyId, lock }, async (tx, known, read) => {
      const [found, message] = read ?? [null, null];
      const { subject: now } = authorize(conversationPolicy, "read", known, found);
      if (message?.conversationId !== id) throw messageOfAnotherConversation("messageId");
      await upsertReadMark(tx, known, { companyId, conversationId: id, messageNumber: message.number });
      return now;
    });
  },
});
