import type { Database } from "../../../platform/database/client.js";
import type { BatchOptions } from "../../../platform/database/in-batches.js";
import { deleteEventsOfCompany } from "../../../platform/events/log/event.repository.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import {
  isPurgeable,
  listPurgeableCompanies,
  purgeCompany,
  purgeMostOfCompany,
} from "./company-purge.repository.js";

export type CompanyPurgeService = ReturnType<typeof createCompanyPurgeService>;

export const createCompanyPurgeService = ({ db }: { readonly db: Database }) => ({
  /** The companies that were deleted before a moment. Higher modules purge what belongs to these before them. */
  listDue: (deletedBefore: Date): Promise<string[]> => listPurgeableCompanies(db, deletedBefore),

  /**
   * Purges a company with its memberships, invitations, API keys and events; its audit log is left to a job of its own. They are
   * purged in batches before the company: an interrupted run leaves a deleted company with fewer of them, and the next
   * run finishes it. A company that is due can no longer be restored, and nobody reads it or subscribes to it.
   *
   * @returns false when it is not due, or is purged already
   */
  async purge(companyId: string, deletedBefore: Date, options?: BatchOptions): Promise<boolean> {
    if (!(await isPurgeable(db, companyId, deletedBefore))) return false;
    await deleteEventsOfCompany(db, companyId, options);
    await purgeMostOfCompany(db, companyId, options);
    return db.transaction(async (tx) => {
      const company = await purgeCompany(tx, companyId, deletedBefore);
      if (company === null) return false;
      await insertAuditEntry(tx, {
        companyId: null,
        by: null,
        action: "company.purged",
        subjectType: "company",
        subjectId: companyId,
        details: { slug: company.slug },
      });
      return true;
    });
  },
});
