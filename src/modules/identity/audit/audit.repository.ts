import type { Database } from "../../../platform/database/client.js";
import { auditLog } from "./audit.tables.js";

export interface AuditEntry {
  /** The tenant it happened in; null for what concerns the whole installation. */
  readonly companyId: string | null;
  /** Who did it; null when nobody was signed in, or the server did it by itself. */
  readonly actorId: string | null;
  /** `<subject>.<what happened to it>`: `company.deleted`. */
  readonly action: string;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Call it in the transaction of what it tells of, so that neither exists without the other. */
export async function insertAuditEntry(db: Database, entry: AuditEntry): Promise<void> {
  await db.insert(auditLog).values({ ...entry, details: entry.details ?? null });
}
