import { index, pgTable, primaryKey, uuid } from "drizzle-orm/pg-core";
import { timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { users } from "../../identity/user.tables.js";
import { conversations } from "./conversation.tables.js";

/** Participants of a conversation who have an account. Guests refer to their conversation themselves. */
export const conversationParticipants = pgTable(
  "conversation_participants",
  {
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    conversationId: uuid("conversation_id")
      .notNull()
      .references(() => conversations.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    ...timestamps(),
  },
  (table) => [
    primaryKey({ columns: [table.conversationId, table.userId] }),
    index("conversation_participants_by_user").on(table.userId, table.conversationId),
  ],
);
