import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { AuditActionOn } from "../audit/audit-action.js";
import type { CompanyRow } from "../company.tables.js";
import type { Identified } from "../viewer.js";

/** Writes down what somebody did to a company, in the transaction that does it. */
export const auditCompany = (
  tx: Database,
  by: Identified,
  action: AuditActionOn<"company">,
  { id, slug, name }: CompanyRow,
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId: id,
    by,
    action,
    subjectType: "company",
    subjectId: id,
    details: { slug, name },
  });
