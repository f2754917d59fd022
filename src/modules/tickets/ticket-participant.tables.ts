import { index, pgTable, primaryKey, uuid } from "drizzle-orm/pg-core";
import { timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { users } from "../identity/user.tables.js";
import { tickets } from "./ticket.tables.js";

/** Participants of a ticket besides its requester. */
export const ticketParticipants = pgTable(
  "ticket_participants",
  {
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    ticketId: uuid("ticket_id")
      .notNull()
      .references(() => tickets.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    ...timestamps(),
  },
  (table) => [
    primaryKey({ columns: [table.ticketId, table.userId] }),
    index("ticket_participants_by_user").on(table.userId, table.ticketId),
  ],
);
