import type { Policy } from "../../../kernel/authorize.js";
import { companyPolicy } from "../../identity/companies/company.policy.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { Viewer } from "../../identity/viewer.js";
import { isKeyOf } from "../../identity/viewer.js";

type Company = Pick<CompanyRow, "id" | "deletedAt">;

/** The images of a branding are files of their company: an API key may change them, though nothing else of a company. */
export const brandingPolicy = {
  subject: "company",
  viewers: ["user", "api-key"],
  read: companyPolicy.read,
  change: (viewer: Viewer, company: Company) =>
    companyPolicy.edit(viewer, company) ||
    (company.deletedAt === null && isKeyOf(viewer, company.id, "MANAGE")),
} satisfies Policy<Viewer, Company>;
