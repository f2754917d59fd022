import { index, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { users } from "./user.tables.js";

/**
 * Links to set a new password; the token is stored hashed. A person has at most one: a new link replaces the old one,
 * and using it removes the row, so that it can be used once.
 */
export const passwordResets = pgTable(
  "password_resets",
  {
    id: primaryId(),
    userId: uuid("user_id")
      .notNull()
      .unique()
      .references(() => users.id),
    tokenHash: text("token_hash").notNull().unique(),
    /** The administrator who made it; null for the command line. */
    createdBy: uuid("created_by").references(() => users.id),
    expiresAt: moment("expires_at").notNull(),
    ...timestamps(),
  },
  (table) => [index("password_resets_by_end").on(table.expiresAt)],
);
