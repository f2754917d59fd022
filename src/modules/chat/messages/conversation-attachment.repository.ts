import { and, eq, sql } from "drizzle-orm";
import { attachments } from "../../attachments/attachment.tables.js";
import { chatMessages } from "./chat-message.tables.js";

/** Attachments that were deleted with their message are left out: they do not come back. */
export const isOnLiveMessage = sql`exists (select from ${chatMessages} where ${and(
  eq(chatMessages.id, attachments.messageId),
  sql`${chatMessages.deletedAt} is null`,
)})`;
