import { isStaffOf } from "../../identity/viewer.js";
import type { VerdictOf } from "../usage-verdicts.js";
import { findCompanyOfLogo } from "./logo.repository.js";

/**
 * What is said of a media file that is a company's logo. Everybody sees its public renditions; the file as it was
 * uploaded, with whatever its metadata tell, is for the company's staff.
 */
export const brandingVerdict: VerdictOf = async (db, viewer, mediaFileId) => {
  const companyId = await findCompanyOfLogo(db, mediaFileId);
  if (companyId === null) return null;
  return isStaffOf(viewer, companyId) ? "readable" : "hidden";
};
