import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../../identity/audit/audit-action.js";
import type { Actor } from "../../identity/viewer.js";
import type { ChatMessageView } from "./chat-message.repository.js";

/** Writes down what somebody did to a message, in the transaction that does it. */
export const auditMessage = (
  tx: Database,
  by: Actor,
  action: AuditActionOn<"message">,
  { id, companyId }: Pick<ChatMessageView, "id" | "companyId">,
): Promise<void> => insertAuditEntry(tx, { companyId, by, action, subjectType: "message", subjectId: id });
