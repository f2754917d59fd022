import { index, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId } from "../../../platform/database/columns.js";
import { companies } from "../company.tables.js";

/** Who did what to what, and when. Rows are only ever added. */
export const auditLog = pgTable(
  "audit_log",
  {
    id: primaryId(),
    companyId: uuid("company_id").references(() => companies.id),
    /** "user", "guest", "anonymous" or "server"; null in entries that are older than the column. */
    actorKind: text("actor_kind"),
    /** A user or a guest. */
    actorId: uuid("actor_id"),
    /** From where the request came; null for what the server did by itself. */
    address: text("address"),
    userAgent: text("user_agent"),
    action: text("action").notNull(),
    subjectType: text("subject_type").notNull(),
    /** Null where nothing was reached: a failed sign-in, a refused request. */
    subjectId: uuid("subject_id"),
    details: jsonb("details").$type<Record<string, unknown>>(),
    createdAt: moment("created_at").notNull().defaultNow(),
  },
  (table) => [
    index("audit_log_by_company").on(table.companyId, table.createdAt, table.id),
    index("audit_log_by_actor").on(table.actorId, table.createdAt, table.id),
    index("audit_log_by_subject").on(table.subjectId, table.createdAt, table.id),
    index("audit_log_by_time").on(table.createdAt, table.id),
  ],
);
