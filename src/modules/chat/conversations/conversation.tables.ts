import { sql } from "drizzle-orm";
import { index, integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../../platform/database/columns.js";
import { companies } from "../../identity/company.tables.js";
import { users } from "../../identity/user.tables.js";

/**
 * Chat rooms. Sending a message locks the row of its conversation, so that messages are numbered.
 *
 * Tickets belong to a sibling module, so the foreign key to them is added by a migration (docs/decisions/0003).
 */
export const conversations = pgTable(
  "conversations",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id, { onDelete: "cascade" }),
    ticketId: uuid("ticket_id"),
    subject: text("subject"),
    /** A free label: a hotel's room, a desk's counter. */
    room: text("room"),
    startedBy: uuid("started_by")
      .notNull()
      .references(() => users.id),
    /** The number of the newest message. */
    messageCount: integer("message_count").notNull().default(0),
    lastActivityAt: moment("last_activity_at").notNull().defaultNow(),
    closedAt: moment("closed_at"),
    closedBy: uuid("closed_by").references(() => users.id),
    ...timestamps(),
  },
  (table) => [
    index("conversations_by_activity").on(table.companyId, table.lastActivityAt, table.id),
    index("conversations_by_ticket").on(table.ticketId).where(sql`${table.ticketId} is not null`),
  ],
);

export type ConversationRow = typeof conversations.$inferSelect;
