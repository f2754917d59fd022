import { sql } from "drizzle-orm";
import { check, index, integer, pgTable, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { primaryId, timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { guests } from "../../identity/guest.tables.js";
import { users } from "../../identity/user.tables.js";
import { conversations } from "../conversations/conversation.tables.js";

/** The message up to which somebody has read a conversation. */
export const readMarks = pgTable(
  "read_marks",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    conversationId: uuid("conversation_id")
      .notNull()
      .references(() => conversations.id, { onDelete: "cascade" }),
    userId: uuid("user_id").references(() => users.id),
    guestId: uuid("guest_id").references(() => guests.id, { onDelete: "cascade" }),
    /** The number of the newest message that was read. */
    messageNumber: integer("message_number").notNull(),
    ...timestamps(),
  },
  (table) => [
    check("read_marks_one_reader", sql`num_nonnulls(${table.userId}, ${table.guestId}) = 1`),
    uniqueIndex("read_marks_of_users")
      .on(table.conversationId, table.userId)
      .where(sql`${table.userId} is not null`),
    uniqueIndex("read_marks_of_guests")
      .on(table.conversationId, table.guestId)
      .where(sql`${table.guestId} is not null`),
    index("read_marks_by_company").on(table.companyId),
    // The foreign key looks here when a conversation is purged.
    index("read_marks_by_conversation").on(table.conversationId),
  ],
);
