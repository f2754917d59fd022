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
    loginBackgroundColor: text("login_background_color"),
    navigationBackgroundColor: text("navigation_background_color"),
    nextTicketNumber: integer("next_ticket_number").notNull().default(1),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    check("companies_slug_form", sql`${table.slug} ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'`),
    check("companies_login_background_form", sql`${table.loginBackgroundColor} ~ '^#[0-9a-f]{6}$'`),
    check("companies_navigation_background_form", sql`${table.navigationBackgroundColor} ~ '^#[0-9a-f]{6}$'`),
    index("companies_by_name").on(table.name, table.id).where(sql`${table.deletedAt} is null`),
  ],
);

export type CompanyRow = typeof companies.$inferSelect;
