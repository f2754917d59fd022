import { sql } from "drizzle-orm";
import { check, index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId, timestamps } from "../../platform/database/columns.js";
import { companies } from "./company.tables.js";
import { membershipRole } from "./membership.tables.js";
import { users } from "./user.tables.js";

/**
 * Invitations of e-mail addresses to become a member of a company, whether or not an account has the address.
 * Accepted and revoked invitations are removed. Declined ones stay until they expire, so that the company does not
 * learn of it.
 */
export const invitations = pgTable(
  "invitations",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    /** Normalised, as in accounts. */
    email: text("email").notNull(),
    role: membershipRole("role").notNull(),
    invitedBy: uuid("invited_by")
      .notNull()
      .references(() => users.id),
    expiresAt: moment("expires_at").notNull(),
    declinedAt: moment("declined_at"),
    ...timestamps(),
  },
  (table) => [
    unique("invitations_once").on(table.email, table.companyId),
    index("invitations_by_company").on(table.companyId, table.id),
    index("invitations_by_end").on(table.expiresAt),
    check("invitations_email_lower", sql`${table.email} = lower(${table.email})`),
  ],
);

export type InvitationRow = typeof invitations.$inferSelect;
