import type { Database } from "../../platform/database/client.js";
import { insertAuditEntry } from "../identity/audit/audit.repository.js";
import type { UserViewer } from "../identity/viewer.js";

/** Writes down what somebody did to a ticket, in the transaction that does it. */
export const auditTicket = (
  tx: Database,
  viewer: UserViewer,
  action: string,
  ticket: { readonly id: string; readonly companyId: string },
  details?: Record<string, unknown>,
) =>
  insertAuditEntry(tx, {
    companyId: ticket.companyId,
    actorId: viewer.id,
    action,
    subjectType: "ticket",
    subjectId: ticket.id,
    ...(details && { details }),
  });
