import { authorize } from "../../../kernel/authorize.js";
import { badUserInput } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { findCompany, findCompanyForChange } from "../../identity/companies/company.repository.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Viewer } from "../../identity/viewer.js";
import { updateStorageLimit } from "./company-storage.repository.js";
import { auditStorageLimit } from "./storage-limit.audit.js";
import { announceThreshold } from "./storage-quota.js";
import { storageLimitPolicy } from "./storage-quota.policy.js";

export interface NewStorageLimit {
  readonly companyId: string;
  /** Null removes the limit. */
  readonly storageLimitBytes?: number | null | undefined;
}

export type StorageLimitService = ReturnType<typeof createStorageLimitService>;

export const createStorageLimitService = ({ db }: { readonly db: Database }) => ({
  /**
   * Limits what the files of a company take. Below what they take already, nothing is deleted, and new files are
   * refused.
   *
   * @throws BAD_USER_INPUT without a limit, which may have been forgotten
   */
  async setStorageLimit(
    viewer: Viewer,
    { companyId, storageLimitBytes }: NewStorageLimit,
  ): Promise<CompanyRow> {
    const allowed = authorize(
      storageLimitPolicy,
      "limitTheStorageOf",
      viewer,
      await findCompany(db, companyId),
    );
    if (storageLimitBytes === undefined)
      throw badUserInput("Give storageLimitBytes: a number of bytes, or null for no limit.", {
        field: "storageLimitBytes",
      });
    return writeAs(db, { viewer: allowed.viewer, companyId }, async (tx, known) => {
      const company = await findCompanyForChange(tx, companyId);
      const { viewer: by, subject } = authorize(storageLimitPolicy, "limitTheStorageOf", known, company);
      const storage = await updateStorageLimit(tx, companyId, storageLimitBytes);
      if (storage.formerLimit === storage.limitBytes) return subject;
      await auditStorageLimit(tx, by, storage);
      await announceThreshold(tx, storage);
      return subject;
    });
  },
});
