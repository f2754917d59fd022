import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";

/** Audits that the server purged a file and why, in its transaction. Who asked for a purge has an entry of their own. */
export const auditPurgedFile = (
  tx: Database,
  { id, companyId }: { readonly id: string; readonly companyId: string },
  reason: string,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by: null,
    action: "media-file.purged",
    subjectType: "media-file",
    subjectId: id,
    details: { reason },
  });
