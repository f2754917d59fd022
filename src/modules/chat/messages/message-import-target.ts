import { notFound } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { AttachmentService } from "../../attachments/attachment.service.js";
import type { ImportTarget, TargetEntry } from "../../media/import/import-targets.js";
import { conversationClosed } from "../conversations/conversation.errors.js";
import { recordConversationEvent } from "../conversations/conversation.events.js";
import { countMessage, findConversation } from "../conversations/conversation.repository.js";
import { auditMessage } from "./chat-message.audit.js";
import { findMessageByClientId, insertMessage } from "./chat-message.repository.js";

export interface MessageImportDeps {
  readonly attachments: Pick<AttachmentService, "attachFiles">;
}

/**
 * What conversations take from an import: messages, each with the key of the desk that it comes from as its `clientId`.
 * They are numbered behind those that are there.
 */
export const createMessageImportTarget = ({ attachments }: MessageImportDeps): ImportTarget => ({
  bucket: "CHAT",

  async admit(db, { companyId, resourceId, by }) {
    const reader = { tenants: { companyIds: [companyId] }, userId: by.id };
    const conversation = await findConversation(db, reader, resourceId);
    if (conversation === null) throw notFound("conversation");
    if (conversation.closedAt !== null) throw conversationClosed();
  },

  async record(tx, entry, files) {
    const { companyId, resourceId: conversationId, by, body, key, createdAt } = entry;
    const number = await countMessage(tx, companyId, conversationId);
    if (number === null) throw conversationClosed();
    // Under the lock of the conversation, which counting takes.
    if ((await findByKey(tx, entry)) !== null) return null;
    const message = await insertMessage(tx, by, {
      companyId,
      conversationId,
      number,
      body,
      replyToId: null,
      clientId: key,
      ...(createdAt && { createdAt }),
    });
    const parent = { kind: "message", id: message.id } as const;
    await attachments.attachFiles(tx, {
      viewer: by,
      companyId,
      parent,
      files,
      description: null,
      createdAt,
    });
    await auditMessage(tx, by, "message.imported", message);
    recordConversationEvent(tx, { id: conversationId, companyId }, "message.added", {
      messageId: message.id,
    });
    return { messageId: message.id };
  },

  async find(db, entry) {
    const message = await findByKey(db, entry);
    return message ? { messageId: message.id } : {};
  },
});

const findByKey = async (db: Database, { companyId, resourceId, by, key }: TargetEntry) =>
  key === null ? null : findMessageByClientId(db, { companyId, conversationId: resourceId }, by, key);
