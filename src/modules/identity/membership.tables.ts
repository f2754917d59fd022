import { index, pgEnum, pgTable, unique, uuid } from "drizzle-orm/pg-core";
import { primaryId, timestamps } from "../../platform/database/columns.js";
import { companies } from "./company.tables.js";
import { users } from "./user.tables.js";

export const membershipRole = pgEnum("membership_role", ["CUSTOMER", "AGENT", "MANAGER"]);

export const memberships = pgTable(
  "memberships",
  {
    id: primaryId(),
    companyId: uuid("company_id")
      .notNull()
      .references(() => companies.id),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id),
    role: membershipRole("role").notNull(),
    ...timestamps(),
  },
  (table) => [
    unique("memberships_once").on(table.userId, table.companyId),
    index("memberships_by_company").on(table.companyId, table.id),
  ],
);

export type MembershipRow = typeof memberships.$inferSelect;
