import type { Policy } from "../../../kernel/authorize.js";
import { companyPolicy } from "../../identity/companies/company.policy.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { ApiKeyScope, Viewer } from "../../identity/viewer.js";
import { isKeyOf, isManagerOf, isStaffOf } from "../../identity/viewer.js";

type Company = Pick<CompanyRow, "id" | "deletedAt">;

const asStaffOrKey = (scope: ApiKeyScope) => (viewer: Viewer, company: Company) =>
  company.deletedAt === null && (isStaffOf(viewer, company.id) || isKeyOf(viewer, company.id, scope));
const asManagerOrKey = (viewer: Viewer, company: Company) =>
  company.deletedAt === null && (isManagerOf(viewer, company.id) || isKeyOf(viewer, company.id, "MANAGE"));

/** Actions on the files of a company as a whole. */
export const libraryPolicy = {
  subject: "company",
  viewers: ["user", "api-key"],
  read: companyPolicy.read,
  browseTheFilesOf: asStaffOrKey("READ"),
  uploadTo: asStaffOrKey("UPLOAD"),
  findOrphansOf: asManagerOrKey,
  purgeOrphansOf: asManagerOrKey,
  reportOn: asManagerOrKey,
} satisfies Policy<Viewer, Company>;
