import { index, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { users } from "./user.tables.js";

/** A refresh token that has been exchanged, kept for as long as it may be repeated. */
export interface UsedToken {
  readonly hash: string;
  /** ISO 8601. */
  readonly usedAt: string;
}

/**
 * One row for each sign-in: a family of refresh tokens, of which only the newest is valid. Tokens are stored hashed.
 * If an older token of the family is used later than shortly after its exchange, it or its successor has been stolen.
 */
export const sessions = pgTable(
  "sessions",
  {
    id: primaryId(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    refreshTokenHash: text("refresh_token_hash").notNull(),
    /** Tokens that were exchanged shortly before the newest was issued. */
    usedTokens: jsonb("used_tokens").$type<readonly UsedToken[]>().notNull().default([]),
    expiresAt: moment("expires_at").notNull(),
    revokedAt: moment("revoked_at"),
    /** `User-Agent` of the sign-in; null if there was none, and for scripts. */
    userAgent: text("user_agent"),
    /** The network address of the sign-in. */
    address: text("address"),
    ...timestamps(),
  },
  (table) => [index("sessions_by_user").on(table.userId)],
);

export type SessionRow = typeof sessions.$inferSelect;
