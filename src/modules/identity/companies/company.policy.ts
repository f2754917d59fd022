import type { Policy } from "../../../kernel/authorize.js";
import type { CompanyRow } from "../company.tables.js";
import type { Viewer } from "../viewer.js";
import { isAdmin, isManagerOf, isMemberOf, isStaffOf } from "../viewer.js";

type Company = Pick<CompanyRow, "id" | "deletedAt">;

const lives = (company: Company) => company.deletedAt === null;

/** A deleted company is gone for everybody; an administrator who knows its id may restore it. */
export const companyPolicy = {
  subject: "company",
  viewers: ["user"],
  read: (viewer: Viewer, company: Company) => lives(company) && isMemberOf(viewer, company.id),
  edit: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
  delete: (viewer: Viewer, company: Company) => lives(company) && isAdmin(viewer),
  restore: (viewer: Viewer, _company: Company) => isAdmin(viewer),
  listMembersOf: (viewer: Viewer, company: Company) => lives(company) && isStaffOf(viewer, company.id),
  listInvitationsOf: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
  readAuditLogOf: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
  manageMembersOf: (viewer: Viewer, company: Company) => lives(company) && isManagerOf(viewer, company.id),
} satisfies Policy<Viewer, Company> & Record<string, unknown>;
