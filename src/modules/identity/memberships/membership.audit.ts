import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";
import type { MembershipRow } from "../membership.tables.js";
import type { UserViewer } from "../viewer.js";

/** Writes down what somebody did to a membership, in the transaction that does it. */
export const auditMembership = (
  tx: Database,
  by: UserViewer,
  action: AuditActionOn<"membership">,
  { id, companyId, userId, role }: MembershipRow,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by,
    action,
    subjectType: "membership",
    subjectId: id,
    details: { userId, role },
  });
