import { authorize } from "../../../kernel/authorize.js";
import type { Database } from "../../../platform/database/client.js";
import type { IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import { findCompany, findCompanyForChange } from "../../identity/companies/company.repository.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Viewer } from "../../identity/viewer.js";
import { releaseFileOfField, replaceFileOfField } from "../file-field.js";
import type { IngestService } from "../ingest/ingest.service.js";
import { requireRecorded } from "../ingest/record.js";
import { recordBrandingEvents } from "../media-file.events.js";
import { auditLogo } from "./logo.audit.js";
import { logoPolicy } from "./logo.policy.js";
import { logoOf } from "./logo.repository.js";

export interface LogoDeps {
  readonly db: Database;
  readonly ingest: IngestService;
}

export type LogoService = ReturnType<typeof createLogoService>;

export function createLogoService({ db, ingest }: LogoDeps) {
  return {
    /** Sets a company's logo, and releases the previous one. @throws what the ingest throws of a file */
    async setCompanyLogo(viewer: Viewer, companyId: string, incoming: IncomingFiles): Promise<CompanyRow> {
      const allowed = authorize(logoPolicy, "change", viewer, await findCompany(db, companyId));
      const { viewer: by, subject: company } = allowed;
      return ingest.ingestFiles({
        viewer: by,
        companyId: company.id,
        bucket: "COMPANY_LOGOS",
        incoming,
        permit: async (tx, known) => {
          authorize(logoPolicy, "change", known, await findCompany(tx, company.id));
        },
        inTransaction: async (tx, files) => {
          const locked = await lockCompany(tx, by, company.id);
          const usage = {
            ...logoOf(company.id),
            companyId: company.id,
            mediaFileId: requireRecorded(files).id,
          };
          await replaceFileOfField(tx, usage, by.id);
          await auditLogo(tx, by, "company.logo-set", usage);
          recordBrandingEvents(tx, company.id);
          return locked;
        },
      });
    },

    /** Changes nothing if the company has no logo. */
    async removeCompanyLogo(viewer: Viewer, companyId: string): Promise<CompanyRow> {
      const allowed = authorize(logoPolicy, "change", viewer, await findCompany(db, companyId));
      return writeAs(db, { viewer: allowed.viewer, companyId }, async (tx, by) => {
        const company = await lockCompany(tx, by, companyId);
        const released = await releaseFileOfField(tx, logoOf(company.id), by.id);
        if (!released) return company;
        await auditLogo(tx, by, "company.logo-removed", released);
        recordBrandingEvents(tx, company.id);
        return company;
      });
    },
  };
}

/**
 * Locks the company against other changes of its logo, and checks the permission again, because the company may have
 * been deleted meanwhile.
 */
async function lockCompany(tx: Database, viewer: Viewer, companyId: string): Promise<CompanyRow> {
  return authorize(logoPolicy, "change", viewer, await findCompanyForChange(tx, companyId)).subject;
}
