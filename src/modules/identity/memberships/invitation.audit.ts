import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";
import type { InvitationRow } from "../invitation.tables.js";
import type { UserViewer } from "../viewer.js";

/**
 * Writes down what became of an invitation, in the transaction that does it. Nobody is told who declines: that entry
 * belongs to no company, whose managers could read it.
 */
export const auditInvitation = (
  tx: Database,
  by: UserViewer,
  action: AuditActionOn<"invitation">,
  { id, companyId, email, role, expiresAt }: InvitationRow,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId: action === "invitation.declined" ? null : companyId,
    actorId: by.id,
    action,
    subjectType: "invitation",
    subjectId: id,
    details: { email, role, expiresAt: expiresAt.toISOString() },
  });
