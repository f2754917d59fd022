import { authorize } from "../../../kernel/authorize.js";
import type { Database } from "../../../platform/database/client.js";
import type { IncomingFiles } from "../../../platform/http/multipart/incoming-files.js";
import { findCompany, findCompanyForChange } from "../../identity/companies/company.repository.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import type { Identified, Viewer } from "../../identity/viewer.js";
import { releaseFileOfField, replaceFileOfField } from "../file-field.js";
import type { IngestService } from "../ingest/ingest.service.js";
import type { RecordedFile } from "../ingest/record.js";
import { requireRecorded } from "../ingest/record.js";
import { recordBrandingEvents } from "../media-file.events.js";
import { auditBrandingImage } from "./branding.audit.js";
import { brandingPolicy } from "./branding.policy.js";
import type { BrandingImage } from "./branding-image.js";
import { brandingField, bucketOf } from "./branding-image.js";

export interface BrandingImageDeps {
  readonly db: Database;
  readonly ingest: IngestService;
}

/** Which image of which company. */
export interface ImageOfCompany {
  readonly companyId: string;
  readonly image: BrandingImage;
}

export type BrandingImageService = ReturnType<typeof createBrandingImageService>;

export function createBrandingImageService({ db, ingest }: BrandingImageDeps) {
  return {
    /** Sets an image, and releases the previous one. @throws what the ingest throws of a file */
    async setImage(
      viewer: Viewer,
      { companyId, image }: ImageOfCompany,
      incoming: IncomingFiles,
    ): Promise<CompanyRow> {
      const allowed = authorize(brandingPolicy, "change", viewer, await findCompany(db, companyId));
      const { viewer: by, subject: company } = allowed;
      return ingest.ingestFiles({
        viewer: by,
        companyId: company.id,
        bucket: bucketOf(image),
        incoming,
        permit: async (tx, known) => {
          authorize(brandingPolicy, "change", known, await findCompany(tx, company.id));
        },
        inTransaction: async (tx, files) => {
          const locked = await lockCompany(tx, by, company.id);
          await putImage(tx, by, { companyId, image, file: requireRecorded(files) });
          return locked;
        },
      });
    },

    /** Changes nothing if the company has no such image. */
    async removeImage(viewer: Viewer, { companyId, image }: ImageOfCompany): Promise<CompanyRow> {
      const allowed = authorize(brandingPolicy, "change", viewer, await findCompany(db, companyId));
      return writeAs(db, { viewer: allowed.viewer, companyId }, async (tx, by) => {
        const company = await lockCompany(tx, by, companyId);
        const released = await releaseFileOfField(tx, brandingField(company.id, image), by.id);
        if (!released) return company;
        await auditBrandingImage(tx, by, `company.${image}-removed`, released);
        recordBrandingEvents(tx, company.id);
        return company;
      });
    },
  };
}

/** Makes a recorded file an image of the company, which is locked. */
export async function putImage(
  tx: Database,
  by: Identified,
  { companyId, image, file }: ImageOfCompany & { readonly file: RecordedFile },
): Promise<void> {
  const usage = { ...brandingField(companyId, image), companyId, mediaFileId: file.id };
  await replaceFileOfField(tx, usage, by.id);
  await auditBrandingImage(tx, by, `company.${image}-set`, usage);
  recordBrandingEvents(tx, companyId);
}

/**
 * Locks the company against other changes of its branding, and checks the permission again, because the company may have
 * been deleted meanwhile.
 */
async function lockCompany(tx: Database, viewer: Viewer, companyId: string): Promise<CompanyRow> {
  return authorize(brandingPolicy, "change", viewer, await findCompanyForChange(tx, companyId)).subject;
}
