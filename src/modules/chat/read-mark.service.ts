import { badUserInput } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";
import { findMessage } from "./chat-message.repository.js";
import type { ConversationView } from "./conversation.repository.js";
import { requireConversation } from "./find-conversation.js";
import { upsertReadMark } from "./read-mark.repository.js";

/** Up to which message somebody has read. */
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
    const message = isId(messageId) ? await findMessage(db, { companyIds: [companyId] }, messageId) : null;
    if (message?.conversationId !== id) throw notHere("messageId");
    await upsertReadMark(db, reader, { companyId, conversationId: id, messageNumber: message.number });
    return conversation;
  },
});

export const notHere = (field: string) =>
  badUserInput("There is no such message in this conversation.", { field });
