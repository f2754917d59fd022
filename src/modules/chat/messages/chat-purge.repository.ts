import { and, asc, eq, inArray, isNotNull, lt, ne } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { deleteInBatches, ROWS_PER_STATEMENT } from "../../../platform/database/in-batches.js";
import { attachments } from "../../attachments/attachment.tables.js";
import { conversations } from "../conversations/conversation.tables.js";
import { chatMessages } from "./chat-message.tables.js";

/** Empties the texts of messages that were deleted before a moment. Every tenant's: for the purge, which has no viewer. */
export async function purgeDeletedTexts(db: Database, deletedBefore: Date): Promise<void> {
  const isDue = and(
    isNotNull(chatMessages.deletedAt),
    lt(chatMessages.deletedAt, deletedBefore),
    ne(chatMessages.body, ""),
  );
  for (;;) {
    const some = db.select({ id: chatMessages.id }).from(chatMessages).where(isDue).limit(ROWS_PER_STATEMENT);
    const blanked = await db
      .update(chatMessages)
      .set({ body: "" })
      .where(and(inArray(chatMessages.id, some), isDue))
      .returning({ id: chatMessages.id });
    if (blanked.length === 0) return;
  }
}

/** Some of a company's messages that have files, deleted ones too. */
export async function listMessagesWithFiles(
  db: Database,
  companyId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ id: attachments.messageId })
    .from(attachments)
    .where(and(eq(attachments.companyId, companyId), isNotNull(attachments.messageId)))
    .limit(limit);
  return rows.flatMap(({ id }) => id ?? []);
}

/** Some of a company's messages, the oldest first; their attachments are purged before. @returns how many */
export async function purgeMessages(db: Database, companyId: string, limit: number): Promise<number> {
  const some = await db
    .select({ id: chatMessages.id })
    .from(chatMessages)
    .where(eq(chatMessages.companyId, companyId))
    .orderBy(asc(chatMessages.id))
    .limit(limit);
  const ids = some.map(({ id }) => id);
  await db.update(chatMessages).set({ replyToId: null }).where(isAnyOf(chatMessages.replyToId, ids));
  await db.delete(chatMessages).where(isAnyOf(chatMessages.id, ids));
  return ids.length;
}

/** Participants, read marks and guests are deleted by their foreign keys. */
export async function purgeConversations(db: Database, companyId: string): Promise<void> {
  await deleteInBatches(db, conversations, eq(conversations.companyId, companyId));
}
