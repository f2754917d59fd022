import type { Database } from "../../platform/database/client.js";
import { insertAuditEntry } from "../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../identity/audit/audit-action.js";
import type { Actor } from "../identity/viewer.js";

/** Audits an action on an attachment, in its transaction. */
export const auditAttachment = (
  tx: Database,
  by: Actor,
  action: AuditActionOn<"attachment">,
  attachment: { readonly id: string; readonly companyId: string },
) =>
  insertAuditEntry(tx, {
    companyId: attachment.companyId,
    by,
    action,
    subjectType: "attachment",
    subjectId: attachment.id,
  });
