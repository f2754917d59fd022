import type { SQL } from "drizzle-orm";
import { and, eq, gte, lt } from "drizzle-orm";
import type { Page, PageRequest, Position } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { keyset } from "../../platform/database/keyset.js";
import { auditLog } from "../identity/audit/audit.tables.js";
import type { AuditAction } from "../identity/audit/audit-action.js";

export type AuditEntryRow = typeof auditLog.$inferSelect;

/** Omitted conditions are fulfilled by all entries. */
export interface AuditFilter {
  readonly companyId?: string | null | undefined;
  readonly actorId?: string | null | undefined;
  readonly action?: readonly AuditAction[] | null | undefined;
  readonly subjectType?: string | null | undefined;
  readonly subjectId?: string | null | undefined;
  /** Inclusive. */
  readonly from?: Date | null | undefined;
  /** Exclusive. */
  readonly to?: Date | null | undefined;
}

export const auditPosition = ({ createdAt, id }: AuditEntryRow): Position => [createdAt.toISOString(), id];

/** A page of the audit log, from the newest entry on. */
export async function listAuditEntries(
  db: Database,
  filter: AuditFilter,
  request: PageRequest,
): Promise<Page<AuditEntryRow>> {
  const page = keyset({ keys: [auditLog.createdAt, auditLog.id], descending: true }, request);
  const rows = await db
    .select()
    .from(auditLog)
    .where(and(...conditions(filter), page.where))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return toPage(request, rows);
}

export const countAuditEntries = (db: Database, filter: AuditFilter): Promise<number> =>
  db.$count(auditLog, and(...conditions(filter)));

const conditions = (filter: AuditFilter): (SQL | undefined)[] => [
  filter.companyId == null ? undefined : eq(auditLog.companyId, filter.companyId),
  filter.actorId == null ? undefined : eq(auditLog.actorId, filter.actorId),
  filter.action?.length ? isAnyOf(auditLog.action, filter.action) : undefined,
  filter.subjectType == null ? undefined : eq(auditLog.subjectType, filter.subjectType),
  filter.subjectId == null ? undefined : eq(auditLog.subjectId, filter.subjectId),
  filter.from == null ? undefined : gte(auditLog.createdAt, filter.from),
  filter.to == null ? undefined : lt(auditLog.createdAt, filter.to),
];
