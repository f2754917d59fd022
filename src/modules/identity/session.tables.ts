import { index, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { users } from "./user.tables.js";

/** A refresh token that has been exchanged, as it is remembered for as long as it may come once more. */
export interface UsedToken {
  readonly hash: string;
  /** ISO 8601. */
  readonly usedAt: string;
}

/**
 * One row for each sign-in: a family of refresh tokens of which only the newest is good.
 * Tokens are stored hashed. An older token of the family that comes back has been stolen, or its successor has, unless it
 * was used a moment ago.
 */
export const sessions = pgTable(
  "sessions",
  {
    id: primaryId(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    refreshTokenHash: text("refresh_token_hash").notNull(),
    /** Those that were used shortly before the newest was made. */
    usedTokens: jsonb("used_tokens").$type<readonly UsedToken[]>().notNull().default([]),
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
