import { authorize } from "../../kernel/authorize.js";
import { conflict, notFound } from "../../kernel/errors.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import { viewerChanged } from "../../platform/events/viewer-changed.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import { insertAuditEntry } from "./audit.repository.js";
import { companyPolicy } from "./company.policy.js";
import { findCompany } from "./company.repository.js";
import type { CompanyRow } from "./company.tables.js";
import { confirmViewer } from "./confirm-viewer.js";
import { normalizeEmail } from "./email.js";
import type { MembershipLoaders } from "./membership.loaders.js";
import {
  deleteMembership,
  findMembership,
  findOtherManager,
  lockMembersOf,
  membershipPosition,
  upsertMembership,
} from "./membership.repository.js";
import type { MembershipRow } from "./membership.tables.js";
import { findPersonByEmail } from "./user.repository.js";
import type { Role, UserViewer, Viewer, ViewerContext } from "./viewer.js";
import { actorOf, isAdmin, isUser } from "./viewer.js";

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
  /** What else ends with a membership, in its transaction: a module above knows. */
  readonly whenEnded: (tx: Database, by: UserViewer, ended: EndedMembership) => Promise<void>;
}

export type MembershipService = ReturnType<typeof createMembershipService>;

export function createMembershipService({ db, loaders, whenEnded }: MembershipDeps) {
  /** The company's people; for staff alone. @throws FORBIDDEN for customers */
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
   * Makes somebody with an account a member, or gives a member another role.
   *
   * @throws NOT_FOUND when nobody has this e-mail address, CONFLICT when the company would lose its last manager
   */
  async function setMembership(
    viewer: Viewer,
    { companyId, email, role }: NewMembership,
  ): Promise<MembershipRow> {
    authorize(companyPolicy, "manageMembersOf", viewer, await findCompany(db, companyId));
    return db.transaction(async (tx) => {
      await lockManagedCompany(tx, viewer, companyId);
      const person = await findPersonByEmail(tx, normalizeEmail(email));
      if (!person) throw notFound("user");
      const before = await findMembership(tx, companyId, person.id);
      if (before && role !== "MANAGER") await keepLastManager(tx, viewer, before);
      const membership = await upsertMembership(tx, { companyId, userId: person.id, role });
      viewerChanged(tx, person.id);
      await audit(tx, viewer, membership, "set");
      return membership;
    });
  }

  /** @throws NOT_FOUND when the person is no member, CONFLICT when the company would lose its last manager */
  async function removeMembership(
    viewer: Viewer,
    { companyId, userId }: EndedMembership,
  ): Promise<MembershipRow> {
    authorize(companyPolicy, "manageMembersOf", viewer, await findCompany(db, companyId));
    return db.transaction(async (tx) => {
      await lockManagedCompany(tx, viewer, companyId);
      const membership = await findMembership(tx, companyId, userId);
      if (!membership) throw notFound("membership");
      await keepLastManager(tx, viewer, membership);
      await deleteMembership(tx, companyId, userId);
      await whenEnded(tx, viewer as UserViewer, membership);
      viewerChanged(tx, membership.userId);
      await audit(tx, viewer, membership, "removed");
      return membership;
    });
  }

  return { listMembers, setMembership, removeMembership };
}

/**
 * Asked before the lock, so that nobody who may not holds it; and under it, for the viewer's own role, or the company,
 * may have gone meanwhile. A lock of its own, and not the company's row: that comes behind memberships in the order of
 * locks.
 */
async function lockManagedCompany(tx: Database, viewer: Viewer, companyId: string): Promise<void> {
  await lockMembersOf(tx, companyId);
  const known = await confirmViewer(tx, { viewer, companyId });
  authorize(companyPolicy, "manageMembersOf", known, await findCompany(tx, companyId));
}

/**
 * The last manager stays: only an administrator may take another person's role away when nobody else has it.
 * Call it under the lock on its members, so that two managers cannot remove each other at once.
 */
async function keepLastManager(db: Database, viewer: Viewer, { companyId, userId, role }: MembershipRow) {
  if (role !== "MANAGER" || (isAdmin(viewer) && !isUser(viewer, userId))) return;
  if (!(await findOtherManager(db, companyId, userId)))
    throw conflict("This is the company's last manager: make somebody else a manager first.", {
      field: "role",
    });
}

const audit = (db: Database, viewer: Viewer, { id, companyId, userId, role }: MembershipRow, what: string) =>
  insertAuditEntry(db, {
    companyId,
    actorId: actorOf(viewer),
    action: `membership.${what}`,
    subjectType: "membership",
    subjectId: id,
    details: { userId, role },
  });
