import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";
import type { UserViewer } from "../viewer.js";
import type { ApiKeyView } from "./api-key.repository.js";

/**
 * Writes down what was done to an API key, in the transaction that does it.
 *
 * @param by null for the operator
 */
export const auditApiKey = (
  tx: Database,
  by: UserViewer | null,
  action: AuditActionOn<"api-key">,
  { id, companyId, name, prefix, scopes, expiresAt }: ApiKeyView,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by,
    action,
    subjectType: "api-key",
    subjectId: id,
    details: { name, prefix, scopes, expiresAt: expiresAt?.toISOString() ?? null },
  });
