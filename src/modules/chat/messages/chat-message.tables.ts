import { sql } from "drizzle-orm";
import {
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  text,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { moment, primaryId, softDelete, timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { guests } from "../../identity/guest.tables.js";
import { users } from "../../identity/user.tables.js";
import { conversations } from "../conversations/conversation.tables.js";

/** Messages, numbered from 1 in the order of their commits; a purge leaves a gap. */
export const chatMessages = pgTable(
  "chat_messages",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    conversationId: uuid("conversation_id")
      .notNull()
      .references(() => conversations.id),
    number: integer("number").notNull(),
    senderId: uuid("sender_id").references(() => users.id),
    senderGuestId: uuid("sender_guest_id").references(() => guests.id),
    body: text("body").notNull(),
    replyToId: uuid("reply_to_id"),
    /** The identifier chosen by the sender's client, so that sending the message again is idempotent. */
    clientId: text("client_id"),
    editedAt: moment("edited_at"),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    check("chat_messages_one_sender", sql`num_nonnulls(${table.senderId}, ${table.senderGuestId}) = 1`),
    unique("chat_messages_of_conversation").on(table.conversationId, table.id),
    // A message replies only to one of the same conversation.
    foreignKey({
      name: "chat_messages_reply_to_fk",
      columns: [table.conversationId, table.replyToId],
      foreignColumns: [table.conversationId, table.id],
    }),
    uniqueIndex("chat_messages_by_number").on(table.conversationId, table.number),
    uniqueIndex("chat_messages_by_client_of_users")
      .on(table.conversationId, table.senderId, table.clientId)
      .where(sql`${table.clientId} is not null and ${table.senderId} is not null`),
    uniqueIndex("chat_messages_by_client_of_guests")
      .on(table.conversationId, table.senderGuestId, table.clientId)
      .where(sql`${table.clientId} is not null and ${table.senderGuestId} is not null`),
    index("chat_messages_by_company").on(table.companyId, table.id),
    index("chat_messages_by_reply").on(table.replyToId).where(sql`${table.replyToId} is not null`),
    index("chat_messages_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type ChatMessageRow = typeof chatMessages.$inferSelect;
