import type { Database } from "../../../platform/database/client.js";
import { auditLog } from "./audit.tables.js";
import type { AuditAction } from "./audit-action.js";

export interface AuditEntry {
  /** The tenant that it concerns; null for the whole installation. */
  readonly companyId: string | null;
  /** Who did it; null for an anonymous caller and for the server itself. */
  readonly actorId: string | null;
  readonly action: AuditAction;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Call it in the transaction of the change that it records, so that neither is committed without the other. */
export async function insertAuditEntry(db: Database, entry: AuditEntry): Promise<void> {
  await db.insert(auditLog).values({ ...entry, details: entry.details ?? null });
}
