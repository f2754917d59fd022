import type { Database } from "../../../platform/database/client.js";
import { auditLog } from "./audit.tables.js";
import type { AuditAction } from "./audit-action.js";

export interface AuditEntry {
  /** The tenant it happened in; null for what concerns the whole installation. */
  readonly companyId: string | null;
  /** Who did it; null when nobody was signed in, or the server did it by itself. */
  readonly actorId: string | null;
  readonly action: AuditAction;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Call it in the transaction of what it tells of, so that neither exists without the other. */
export async function insertAuditEntry(db: Database, entry: AuditEntry): Promise<void> {
  await db.insert(auditLog).values({ ...entry, details: entry.details ?? null });
}
