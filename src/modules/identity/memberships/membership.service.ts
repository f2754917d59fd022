import { authorize } from "../../../kernel/authorize.js";
import { conflict, FiledeskError, notFound } from "../../../kernel/errors.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { companyPolicy } from "../companies/company.policy.js";
import { findCompany } from "../companies/company.repository.js";
import type { CompanyRow } from "../company.tables.js";
import type { MembershipRow } from "../membership.tables.js";
import { normalizeEmail } from "../users/email.js";
import { findPersonByEmail } from "../users/user.repository.js";
import type { Role, UserViewer, Viewer, ViewerContext } from "../viewer.js";
import { isAdmin, isUser } from "../viewer.js";
import { deleteInvitationTo } from "./invitation.repository.js";
import { lockManagedCompany } from "./lock-managed-company.js";
import { auditMembership } from "./membership.audit.js";
import type { MembershipLoaders } from "./membership.loaders.js";
import {
  deleteMembership,
  findMembership,
  findMembershipByEmail,
  findOtherManager,
  membershipPosition,
  upsertMembership,
} from "./membership.repository.js";

export interface NewMembership {
  readonly companyId: string;
  readonly email: string;
  readonly role: Role;
}

export interface EndedMembership {
  readonly companyId: string;
  readonly userId: string;
}

export interface MembershipDeps {
  readonly db: Database;
  readonly loaders: MembershipLoaders;
  /** What higher modules do in the transaction that ends a membership. */
  readonly whenEnded: (tx: Database, by: UserViewer, ended: EndedMembership) => Promise<void>;
  /** What higher modules do in the transaction that makes an agent or manager a customer. */
  readonly whenMadeCustomer: (tx: Database, by: UserViewer, member: MembershipRow) => Promise<void>;
}

export type MembershipService = ReturnType<typeof createMembershipService>;

export function createMembershipService({ db, loaders, whenEnded, whenMadeCustomer }: MembershipDeps) {
  /** Members of the company, for its staff. @throws FORBIDDEN for customers */
  async function listMembers(
    context: ViewerContext,
    company: CompanyRow,
    page: PageArguments,
  ): Promise<Connection<MembershipRow>> {
    authorize(companyPolicy, "listMembersOf", context.viewer, company);
    const found = await loaders.ofCompany(context, pageRequest(page, 1)).load(company.id);
    return toConnection(found, membershipPosition, () => loaders.countOfCompany(context).load(company.id));
  }

  /**
   * Changes the role of a member. Administrators, who see all accounts anyway, may also add members; others invite
   * them.
   *
   * @throws NOT_FOUND when no member has this e-mail address or, for administrators, no account has it
   * @throws CONFLICT when the company would lose its last manager
   */
  async function setMembership(
    viewer: Viewer,
    { companyId, email, role }: NewMembership,
  ): Promise<MembershipRow> {
    authorize(companyPolicy, "manageMembersOf", viewer, await findCompany(db, companyId));
    return db.transaction(async (tx) => {
      const by = await lockManagedCompany(tx, viewer, companyId);
      const address = normalizeEmail(email);
      const before = await findMembershipByEmail(tx, companyId, address);
      const userId = before?.userId ?? (await requireNewMember(tx, by, address));
      if (before && role !== "MANAGER") await keepLastManager(tx, by, before);
      const membership = await upsertMembership(tx, { companyId, userId, role });
      if (before && before.role !== "CUSTOMER" && role === "CUSTOMER")
        await whenMadeCustomer(tx, by, membership);
      await deleteInvitationTo(tx, companyId, address);
      viewerChanged(tx, userId);
      await auditMembership(tx, by, "membership.set", membership);
      return membership;
    });
  }

  /** @throws NOT_FOUND when the person is not a member, CONFLICT when the company would lose its last manager */
  async function removeMembership(
    viewer: Viewer,
    { companyId, userId }: EndedMembership,
  ): Promise<MembershipRow> {
    authorize(companyPolicy, "manageMembersOf", viewer, await findCompany(db, companyId));
    return db.transaction(async (tx) => {
      const by = await lockManagedCompany(tx, viewer, companyId);
      const membership = await findMembership(tx, companyId, userId);
      if (!membership) throw notFound("membership");
      await keepLastManager(tx, by, membership);
      await deleteMembership(tx, companyId, userId);
      await whenEnded(tx, by, membership);
      viewerChanged(tx, membership.userId);
      await auditMembership(tx, by, "membership.removed", membership);
      return membership;
    });
  }

  return { listMembers, setMembership, removeMembership };
}

/** The account that an administrator adds. Nobody else learns whether an account has the address. */
async function requireNewMember(tx: Database, by: UserViewer, email: string): Promise<string> {
  if (!by.isAdmin) throw noMember();
  const person = await findPersonByEmail(tx, email);
  if (!person) throw notFound("user");
  return person.id;
}

const noMember = () =>
  new FiledeskError(
    "NOT_FOUND",
    "Nobody with this e-mail address is a member of the company: invite them with inviteMember.",
    { field: "email" },
  );

/**
 * Keeps the last manager: only administrators may remove the role of another person who is the last to have it. Call
 * it under the lock on the members, so that two managers cannot remove each other at the same time.
 */
async function keepLastManager(db: Database, viewer: Viewer, { companyId, userId, role }: MembershipRow) {
  if (role !== "MANAGER" || (isAdmin(viewer) && !isUser(viewer, userId))) return;
  if (!(await findOtherManager(db, companyId, userId)))
    throw conflict("This is the company's last manager: make somebody else a manager first.", {
      field: "role",
    });
}
