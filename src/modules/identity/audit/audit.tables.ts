import { index, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId } from "../../../platform/database/columns.js";
import { companies } from "../company.tables.js";

/** Who did what to what, and when. Rows are only ever added; `actor_id` is a user or a guest. */
export const auditLog = pgTable(
  "audit_log",
  {
    id: primaryId(),
    companyId: uuid("company_id").references(() => companies.id),
    actorId: uuid("actor_id"),
    action: text("action").notNull(),
    subjectType: text("subject_type").notNull(),
    subjectId: uuid("subject_id").notNull(),
    details: jsonb("details").$type<Record<string, unknown>>(),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [index("audit_log_by_company").on(table.companyId, table.createdAt, table.id)],
);
