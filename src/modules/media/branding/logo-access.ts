import { isKeyOf, isStaffOf } from "../../identity/viewer.js";
import type { DecideAccess } from "../access-decisions.js";
import { findCompanyOfLogo } from "./logo.repository.js";

/**
 * Who may read a media file that is a company's logo. Its variants are public; the original, with its metadata, is for
 * the company's staff, and for its API keys that read files.
 */
export const decideLogoAccess: DecideAccess = async (db, viewer, mediaFileId) => {
  const companyId = await findCompanyOfLogo(db, mediaFileId);
  if (companyId === null) return null;
  const isReadable = isStaffOf(viewer, companyId) || isKeyOf(viewer, companyId, "READ");
  return isReadable ? "readable" : "hidden";
};
