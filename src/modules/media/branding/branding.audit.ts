import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../../identity/audit/audit-action.js";
import type { Identified } from "../../identity/viewer.js";

/** Audits a change of a company's branding images, in its transaction. */
export const auditBrandingImage = (
  tx: Database,
  by: Identified,
  action: Extract<AuditActionOn<"company">, `company.${string}-${"set" | "removed"}`>,
  { companyId, mediaFileId }: { readonly companyId: string; readonly mediaFileId: string },
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    by,
    action,
    subjectType: "company",
    subjectId: companyId,
    details: { mediaFileId },
  });
