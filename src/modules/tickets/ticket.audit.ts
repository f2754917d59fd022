import type { Database } from "../../platform/database/client.js";
import type { AuditEntry } from "../identity/audit/audit.repository.js";
import { insertAuditEntry } from "../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../identity/audit/audit-action.js";
import type { UserViewer } from "../identity/viewer.js";

/** Writes down what somebody, or without them a job, did to a ticket, in the transaction that does it. */
export const auditTicket = (
  tx: Database,
  by: UserViewer | null,
  action: AuditActionOn<"ticket">,
  ticket: { readonly id: string; readonly companyId: string },
  details?: AuditEntry["details"],
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId: ticket.companyId,
    by,
    action,
    subjectType: "ticket",
    subjectId: ticket.id,
    ...(details && { details }),
  });
