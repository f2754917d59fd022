import { sql } from "drizzle-orm";
import { boolean, check, index, integer, jsonb, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { moment, primaryId } from "../../../platform/database/columns.js";

/** Who did what to what, and when. Rows are only ever added: a role that owns no table cannot change or remove them. */
export const auditLog = pgTable(
  "audit_log",
  {
    id: primaryId(),
    /** Without a foreign key: entries outlive a purged company for a while. */
    companyId: uuid("company_id"),
    /** "user", "guest", "api-key", "anonymous" or "server"; null in entries that are older than the column. */
    actorKind: text("actor_kind"),
    /** A user, a guest or an API key. */
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

/** A single row with the age from which entries may be removed. Only the owner of the tables changes it. */
export const auditRetention = pgTable(
  "audit_retention",
  {
    /** Always true, so that there is at most one row. */
    isThis: boolean("is_this").primaryKey().default(true),
    /** 0: entries are kept for ever. */
    days: integer("days").notNull(),
  },
  (table) => [check("audit_retention_once", sql`${table.isThis}`)],
);
