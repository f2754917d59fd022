import type { Policy } from "../../../kernel/authorize.js";
import { companyPolicy } from "../../identity/companies/company.policy.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { Viewer } from "../../identity/viewer.js";
import { isKeyOf } from "../../identity/viewer.js";

type Company = Pick<CompanyRow, "id" | "deletedAt">;

/** A logo is a file of its company: an API key may change it, though nothing else of a company. */
export const logoPolicy = {
  subject: "company",
  viewers: ["user", "api-key"],
  read: companyPolicy.read,
  change: (viewer: Viewer, company: Company) =>
    companyPolicy.edit(viewer, company) ||
    (company.deletedAt === null && isKeyOf(viewer, company.id, "MANAGE")),
} satisfies Policy<Viewer, Company>;
