import { sql } from "drizzle-orm";
import { check, index, integer, pgTable, text } from "drizzle-orm/pg-core";
import { primaryId, softDelete, timestamps } from "../../platform/database/columns.js";

/** Tenants. `next_ticket_number` is the counter that a new ticket takes its number from, under the row's lock. */
export const companies = pgTable(
  "companies",
  {
    id: primaryId(),
    slug: text("slug").notNull().unique(),
    name: text("name").notNull(),
    nextTicketNumber: integer("next_ticket_number").notNull().default(1),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    check("companies_slug_form", sql`${table.slug} ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'`),
    index("companies_by_name").on(table.name, table.id).where(sql`${table.deletedAt} is null`),
  ],
);

export type CompanyRow = typeof companies.$inferSelect;
