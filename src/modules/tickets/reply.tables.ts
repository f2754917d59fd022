import { sql } from "drizzle-orm";
import { boolean, index, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { primaryId, softDelete, timestamps } from "../../platform/database/columns.js";
import { companies } from "../identity/company.tables.js";
import { users } from "../identity/user.tables.js";
import { tickets } from "./ticket.tables.js";

export const replies = pgTable(
  "replies",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    ticketId: uuid("ticket_id")
      .notNull()
      .references(() => tickets.id),
    authorId: uuid("author_id")
      .notNull()
      .references(() => users.id),
    body: text("body").notNull(),
    isInternal: boolean("is_internal").notNull().default(false),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    index("replies_by_ticket")
      .on(table.ticketId, table.createdAt, table.id)
      .where(sql`${table.deletedAt} is null`),
    // Of all, deleted or not: the foreign key looks here when a ticket is purged.
    index("replies_of_ticket").on(table.ticketId, table.deletedAt, table.id),
    index("replies_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export type ReplyRow = typeof replies.$inferSelect;
