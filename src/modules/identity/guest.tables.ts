import { index, pgTable, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { companies } from "./company.tables.js";
import { users } from "./user.tables.js";

/**
 * People without an account. Each has access to one conversation by the token of an invitation, which is stored
 * hashed.
 *
 * Conversations belong to a higher module, so a migration of its own adds the foreign key to them
 * (docs/decisions/0003).
 */
export const guests = pgTable(
  "guests",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id, { onDelete: "cascade" }),
    conversationId: uuid("conversation_id").notNull(),
    displayName: text("display_name").notNull(),
    tokenHash: text("token_hash").notNull(),
    invitedBy: uuid("invited_by")
      .notNull()
      .references(() => users.id),
    expiresAt: moment("expires_at").notNull(),
    /** When the link was first used. */
    joinedAt: moment("joined_at"),
    revokedAt: moment("revoked_at"),
    ...timestamps(),
  },
  (table) => [
    uniqueIndex("guests_by_token").on(table.tokenHash),
    index("guests_by_conversation").on(table.conversationId, table.id),
    index("guests_by_company").on(table.companyId),
  ],
);

export type GuestRow = typeof guests.$inferSelect;
