import type { Database } from "../../../platform/database/client.js";
import type { BatchOptions } from "../../../platform/database/in-batches.js";
import { deleteEventsOfCompany } from "../../../platform/events/log/event.repository.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import {
  deleteCompanyForGood,
  deleteMuchOfCompany,
  isPurgeable,
  listPurgeableCompanies,
} from "./company-purge.repository.js";

export type CompanyPurgeService = ReturnType<typeof createCompanyPurgeService>;

export const createCompanyPurgeService = ({ db }: { readonly db: Database }) => ({
  /** The companies that were deleted before a moment: what the modules above keep of them has to go first. */
  listDue: (deletedBefore: Date): Promise<string[]> => listPurgeableCompanies(db, deletedBefore),

  /**
   * Removes a company for good with its memberships, invitations, events and audit log; one entry that it was purged
   * remains. All of them go in batches, before the company: a run that is cut off leaves a deleted company with fewer of them, which
   * the next run ends. A company that is due cannot be restored any more, and nobody follows or reads it.
   *
   * @returns false when it is not due, or has gone already
   */
  async purge(companyId: string, deletedBefore: Date, options?: BatchOptions): Promise<boolean> {
    if (!(await isPurgeable(db, companyId, deletedBefore))) return false;
    await deleteEventsOfCompany(db, companyId, options);
    await deleteMuchOfCompany(db, companyId, options);
    return db.transaction(async (tx) => {
      const company = await deleteCompanyForGood(tx, companyId, deletedBefore);
      if (company === null) return false;
      await insertAuditEntry(tx, {
        companyId: null,
        actorId: null,
        action: "company.purged",
        subjectType: "company",
        subjectId: companyId,
        details: { slug: company.slug },
      });
      return true;
    });
  },
});
