import type { Policy } from "../../../kernel/authorize.js";
import { companyPolicy } from "../../identity/companies/company.policy.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { Viewer } from "../../identity/viewer.js";
import { isManagerOf, isStaffOf } from "../../identity/viewer.js";

type Company = Pick<CompanyRow, "id" | "deletedAt">;

const asStaff = (viewer: Viewer, company: Company) =>
  company.deletedAt === null && isStaffOf(viewer, company.id);
const asManager = (viewer: Viewer, company: Company) =>
  company.deletedAt === null && isManagerOf(viewer, company.id);

/** Actions on the files of a company as a whole. */
export const libraryPolicy = {
  subject: "company",
  viewers: ["user"],
  read: companyPolicy.read,
  browseTheFilesOf: asStaff,
  uploadTo: asStaff,
  findOrphansOf: asManager,
  purgeOrphansOf: asManager,
  reportOn: asManager,
} satisfies Policy<Viewer, Company>;
