import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";
import type { InvitationRow } from "../invitation.tables.js";
import type { UserViewer } from "../viewer.js";

/**
 * Writes down what somebody did to an invitation, in the transaction that does it. The entry of a declined invitation
 * has no company, because managers read the entries of their company and do not learn who declines.
 */
export const auditInvitation = (
  tx: Database,
  by: UserViewer,
  action: AuditActionOn<"invitation">,
  { id, companyId, email, role, expiresAt }: InvitationRow,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId: action === "invitation.declined" ? null : companyId,
    by,
    action,
    subjectType: "invitation",
    subjectId: id,
    details: { email, role, expiresAt: expiresAt.toISOString() },
  });
