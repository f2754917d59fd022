import { sql } from "drizzle-orm";
import { boolean, check, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { primaryId, softDelete, timestamps } from "../../platform/database/columns.js";

/** People with an account. Without a password hash they sign in through an outside identity provider alone. */
export const users = pgTable(
  "users",
  {
    id: primaryId(),
    email: text("email").notNull(),
    name: text("name").notNull(),
    passwordHash: text("password_hash"),
    isAdmin: boolean("is_admin").notNull().default(false),
    /** The `sub` claim of the outside identity provider, once this account has been used through it. */
    externalSubject: text("external_subject").unique(),
    ...timestamps(),
    ...softDelete(),
  },
  (table) => [
    uniqueIndex("users_email").on(table.email),
    check("users_email_lower", sql`${table.email} = lower(${table.email})`),
  ],
);

export type UserRow = typeof users.$inferSelect;
