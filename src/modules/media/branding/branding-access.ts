import { isKeyOf, isStaffOf } from "../../identity/viewer.js";
import type { DecideAccess } from "../access-decisions.js";
import { findCompanyOfImage } from "./branding-image.repository.js";

/**
 * Who may read a media file that is an image of a company's branding. Its variants are public; the original, with its metadata, is for
 * the company's staff, and for its API keys that read files.
 */
export const decideBrandingAccess: DecideAccess = async (db, viewer, mediaFileId) => {
  const companyId = await findCompanyOfImage(db, mediaFileId);
  if (companyId === null) return null;
  const isReadable = isStaffOf(viewer, companyId) || isKeyOf(viewer, companyId, "READ");
  return isReadable ? "readable" : "hidden";
};
