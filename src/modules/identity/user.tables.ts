import { sql } from "drizzle-orm";
import { boolean, check, index, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { moment, primaryId, softDelete, timestamps } from "../../platform/database/columns.js";

/** People with an account. Without a password hash they sign in only through an external identity provider. */
export const users = pgTable(
  "users",
  {
    id: primaryId(),
    email: text("email").notNull(),
    name: text("name").notNull(),
    passwordHash: text("password_hash"),
    isAdmin: boolean("is_admin").notNull().default(false),
    /** The `sub` claim of the external identity provider, set on first use. */
    externalSubject: text("external_subject").unique(),
    /** When the account was deactivated. Its content keeps the name, and its sessions have ended. */
    deactivatedAt: moment("deactivated_at"),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    uniqueIndex("users_email").on(table.email),
    index("users_by_name").on(table.name, table.id).where(sql`${table.deletedAt} is null`),
    check("users_email_lower", sql`${table.email} = lower(${table.email})`),
  ],
);

export type UserRow = typeof users.$inferSelect;
