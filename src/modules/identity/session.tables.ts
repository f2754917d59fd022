import { index, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { users } from "./user.tables.js";

/**
 * One row for each sign-in: a family of refresh tokens of which only the newest is good.
 * Tokens are stored hashed. An older token of the family that comes back has been stolen, or its successor has.
 */
export const sessions = pgTable(
  "sessions",
  {
    id: primaryId(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    refreshTokenHash: text("refresh_token_hash").notNull(),
    expiresAt: moment("expires_at").notNull(),
    revokedAt: moment("revoked_at"),
    /** What opened it, as the client called itself; null where nothing was said, and for scripts. */
    userAgent: text("user_agent"),
    /** The network address that it was opened from. */
    address: text("address"),
    ...timestamps(),
  },
  (table) => [index("sessions_by_user").on(table.userId)],
);

export type SessionRow = typeof sessions.$inferSelect;
