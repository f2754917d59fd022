import type { Database } from "../../../platform/database/client.js";
import type { AuditEntry } from "../../identity/audit/audit.repository.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../../identity/audit/audit-action.js";
import type { Actor } from "../../identity/viewer.js";

/** Writes down what somebody did to a conversation, in the transaction that does it. */
export const auditConversation = (
  tx: Database,
  by: Actor,
  action: AuditActionOn<"conversation">,
  { id, companyId }: { readonly id: string; readonly companyId: string },
  details?: AuditEntry["details"],
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by,
    action,
    subjectType: "conversation",
    subjectId: id,
    ...(details && { details }),
  });
