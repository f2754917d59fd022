import type { Policy } from "../../../kernel/authorize.js";
import type { CompanyRow } from "../company.tables.js";
import type { Viewer } from "../viewer.js";
import { isAdmin, isManagerOf, isMemberOf, isStaffOf } from "../viewer.js";

type Company = Pick<CompanyRow, "id" | "deletedAt">;

const lives = (company: Company) => company.deletedAt === null;

const isReadableBy = (viewer: Viewer, company: Company) =>
  lives(company) &&
  (isMemberOf(viewer, company.id) || (viewer.kind === "api-key" && viewer.companyId === company.id));

/** Reading a company, its name above all: an API key reads its own whatever its scopes are, and changes nothing of it. */
export const companyReadPolicy = {
  subject: "company",
  viewers: ["user", "api-key"],
  read: isReadableBy,
} satisfies Policy<Viewer, Company>;

/** A deleted company is gone for everybody; an administrator who knows its id may restore it. */
export const companyPolicy = {
  subject: "company",
  viewers: ["user"],
  read: isReadableBy,
  edit: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
  delete: (viewer: Viewer, company: Company) => lives(company) && isAdmin(viewer),
  restore: (viewer: Viewer, _company: Company) => isAdmin(viewer),
  listMembersOf: (viewer: Viewer, company: Company) => lives(company) && isStaffOf(viewer, company.id),
  listInvitationsOf: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
  readAuditLogOf: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
  manageApiKeysOf: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
  manageMembersOf: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
} satisfies Policy<Viewer, Company> & Record<string, unknown>;
