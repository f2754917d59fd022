import type { Database } from "../../platform/database/client.js";
import { insertAuditEntry } from "../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../identity/audit/audit-action.js";
import type { UserViewer } from "../identity/viewer.js";
import type { WebhookView } from "./webhook.repository.js";

/**
 * Writes down what was done to a webhook, in the transaction that does it.
 *
 * @param by null for the server itself, which disables a webhook whose receiver does not answer
 */
export const auditWebhook = (
  tx: Database,
  by: UserViewer | null,
  action: AuditActionOn<"webhook">,
  { id, companyId, url, eventKinds, disabledReason }: WebhookView,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by,
    action,
    subjectType: "webhook",
    subjectId: id,
    details: { url, eventKinds, ...(disabledReason !== null && { disabledReason }) },
  });
