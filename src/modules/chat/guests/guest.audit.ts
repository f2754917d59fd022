import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../../identity/audit/audit-action.js";
import type { GuestView } from "../../identity/guests/guest.repository.js";
import type { Actor } from "../../identity/viewer.js";

/** Writes down what somebody did to a guest, or a guest itself, in the transaction that does it. */
export const auditGuest = (
  tx: Database,
  by: Actor,
  action: AuditActionOn<"guest">,
  { id, companyId, conversationId }: Pick<GuestView, "id" | "companyId" | "conversationId">,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by,
    action,
    subjectType: "guest",
    subjectId: id,
    details: { conversationId },
  });
