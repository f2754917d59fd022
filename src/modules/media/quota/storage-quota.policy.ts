import type { Policy } from "../../../kernel/authorize.js";
import { companyPolicy } from "../../identity/companies/company.policy.js";
import type { CompanyRow } from "../../identity/company.tables.js";
import type { Viewer } from "../../identity/viewer.js";
import { isAdmin, isKeyOf, isManagerOf } from "../../identity/viewer.js";

type Company = Pick<CompanyRow, "id" | "deletedAt">;

/** The limit is the operator's: managers only see it. */
export const storageLimitPolicy = {
  subject: "company",
  viewers: ["user"],
  read: companyPolicy.read,
  limitTheStorageOf: (viewer: Viewer, { deletedAt }: Company) => deletedAt === null && isAdmin(viewer),
} satisfies Policy<Viewer, Company>;

export const mayReadStorageOf = (viewer: Viewer, { id, deletedAt }: Company): boolean =>
  deletedAt === null && (isManagerOf(viewer, id) || isKeyOf(viewer, id, "MANAGE"));
