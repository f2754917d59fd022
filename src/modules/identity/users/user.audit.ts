import type { Database } from "../../../platform/database/client.js";
import type { AuditActor } from "../audit/audit.repository.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";

export interface AccountAudit {
  readonly userId: string;
  /** Null for the command line. */
  readonly by: AuditActor | null;
  readonly action: AuditActionOn<"user">;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Writes down what somebody did to an account, in the transaction that does it. */
export const auditUser = (tx: Database, { userId, ...entry }: AccountAudit): Promise<void> =>
  insertAuditEntry(tx, { companyId: null, subjectType: "user", subjectId: userId, ...entry });
