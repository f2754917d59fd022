import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { Identified } from "../../identity/viewer.js";

export interface StorageLimitChange {
  readonly companyId: string;
  readonly limitBytes: number | null;
  readonly formerLimit: number | null;
}

/** Audits that the storage limit of a company was set or removed, in its transaction. */
export const auditStorageLimit = (
  tx: Database,
  by: Identified,
  { companyId, limitBytes, formerLimit }: StorageLimitChange,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by,
    action: "company.storage-limit-set",
    subjectType: "company",
    subjectId: companyId,
    details: { storageLimitBytes: limitBytes, before: formerLimit },
  });
