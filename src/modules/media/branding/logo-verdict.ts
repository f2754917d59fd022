import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import { isStaffOf } from "../../identity/viewer.js";
import type { UsageVerdict } from "../media-file.policy.js";
import { findCompanyOfLogo } from "./logo.repository.js";

/**
 * What is said of a media file that is a company's logo. Everybody sees its public renditions; the file as it was
 * uploaded, with whatever its metadata tell, is for the company's staff.
 */
export const createBrandingVerdict =
  ({ db }: { readonly db: Database }) =>
  async (viewer: Viewer, mediaFileId: string): Promise<UsageVerdict | null> => {
    const companyId = await findCompanyOfLogo(db, mediaFileId);
    if (companyId === null) return null;
    return isStaffOf(viewer, companyId) ? "readable" : "hidden";
  };
