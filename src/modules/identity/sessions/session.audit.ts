import type { Database } from "../../../platform/database/client.js";
import type { AuditActor } from "../audit/audit.repository.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";

export interface SessionAudit {
  readonly sessionId: string;
  /** Null for the command line. */
  readonly by: AuditActor | null;
  readonly action: AuditActionOn<"session">;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Writes down the start or the end of a session, in the transaction of it. */
export const auditSession = (tx: Database, { sessionId, ...entry }: SessionAudit): Promise<void> =>
  insertAuditEntry(tx, { companyId: null, subjectType: "session", subjectId: sessionId, ...entry });
