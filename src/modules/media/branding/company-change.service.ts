import { authorize } from "../../../kernel/authorize.js";
import { newId } from "../../../kernel/ids.js";
import type { IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import { companyPolicy } from "../../identity/companies/company.policy.js";
import { findCompany } from "../../identity/companies/company.repository.js";
import type {
  CompanyChanges,
  CompanyService,
  CompanyToCreate,
} from "../../identity/companies/company.service.js";
import {
  confirmCreation,
  editCompanyIn,
  insertNewCompany,
} from "../../identity/companies/company.service.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import { installation, installationPolicy } from "../../identity/installation.policy.js";
import type { Viewer } from "../../identity/viewer.js";
import { requireRecorded } from "../ingest/record.js";
import type { BrandingImageDeps } from "./branding-image.service.js";
import { putImage } from "./branding-image.service.js";

export interface CompanyChangeDeps extends BrandingImageDeps {
  readonly companies: Pick<CompanyService, "createCompany" | "editCompany">;
}

export type CompanyChangeService = ReturnType<typeof createCompanyChangeService>;

const LOGO = { image: "logo", bucket: "COMPANY_LOGOS" } as const;

/** Changes of companies that may bring a logo. */
export function createCompanyChangeService({ db, ingest, companies }: CompanyChangeDeps) {
  return {
    /** All or nothing. @throws CONFLICT when the slug is taken, and what the ingest throws of the logo */
    async createCompany(viewer: Viewer, company: CompanyToCreate, logo: IncomingFiles): Promise<CompanyRow> {
      if (logo.files.length === 0) return companies.createCompany(viewer, company);
      const { viewer: allowed } = authorize(installationPolicy, "administer", viewer, installation);
      const companyId = newId();
      let created: Promise<CompanyRow> | undefined;
      return ingest.ingestFiles({
        viewer: allowed,
        companyId,
        bucket: LOGO.bucket,
        incoming: logo,
        prepare: (tx) => {
          created = insertNewCompany(tx, { ...company, id: companyId });
          return created;
        },
        permit: async (tx, known) => confirmCreation(tx, known, requireCompany(await created)),
        inTransaction: async (tx, files) => {
          await putImage(tx, allowed, { companyId, image: LOGO.image, file: requireRecorded(files) });
          return requireCompany(await created);
        },
      });
    },

    /** All or nothing. @throws CONFLICT when the slug is taken, and what the ingest throws of the logo */
    async editCompany(viewer: Viewer, changes: CompanyChanges, logo: IncomingFiles): Promise<CompanyRow> {
      if (logo.files.length === 0) return companies.editCompany(viewer, changes);
      const found = await findCompany(db, changes.id);
      const { viewer: allowed, subject } = authorize(companyPolicy, "edit", viewer, found);
      return ingest.ingestFiles({
        viewer: allowed,
        companyId: subject.id,
        bucket: LOGO.bucket,
        incoming: logo,
        // The statement that changes the company also locks it.
        permit: (tx, known) => editCompanyIn(tx, known, changes),
        inTransaction: async (tx, files) => {
          await putImage(tx, allowed, {
            companyId: subject.id,
            image: LOGO.image,
            file: requireRecorded(files),
          });
          return requireCompany(await findCompany(tx, subject.id));
        },
      });
    },
  };
}

function requireCompany(company: CompanyRow | null | undefined): CompanyRow {
  if (!company) throw new Error("the company that this transaction has written is not there");
  return company;
}
