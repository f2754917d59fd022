import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import { DAY_MS } from "../../../kernel/clock.js";
import { conflict, notFound, quotaExceeded } from "../../../kernel/errors.js";
import type { PageArguments } from "../../../kernel/pagination.js";
import { pageRequest } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { Connection } from "../../../platform/graphql/connection.js";
import { toConnection } from "../../../platform/graphql/connection.js";
import { companyPolicy } from "../companies/company.policy.js";
import { findCompany } from "../companies/company.repository.js";
import type { CompanyRow } from "../company.tables.js";
import { confirmViewer } from "../confirm-viewer.js";
import type { InvitationRow } from "../invitation.tables.js";
import type { MembershipRow } from "../membership.tables.js";
import { normalizeEmail } from "../users/email.js";
import type { UserViewer, Viewer, ViewerContext } from "../viewer.js";
import { managedTenantsOf } from "../viewer.js";
import { auditInvitation } from "./invitation.audit.js";
import type { InvitationLoaders } from "./invitation.loaders.js";
import { invitationPolicy } from "./invitation.policy.js";
import {
  countOpenInvitations,
  deleteInvitation,
  findOpenInvitation,
  findReceivedInvitation,
  invitationPosition,
  updateInvitationAsDeclined,
  upsertInvitation,
} from "./invitation.repository.js";
import { lockManagedCompany } from "./lock-managed-company.js";
import { auditMembership } from "./membership.audit.js";
import { findMembershipByEmail, lockMembersOf, upsertMembership } from "./membership.repository.js";
import type { NewMembership } from "./membership.service.js";

export interface InvitationDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly loaders: InvitationLoaders;
  /** Days until an invitation expires. */
  readonly invitationDays: number;
}

/** The most open invitations of a company. */
const MAX_OPEN_INVITATIONS = 1_000;

export type InvitationService = ReturnType<typeof createInvitationService>;

/**
 * How people become members of a company: its managers invite an e-mail address, and its owner accepts or declines.
 *
 * No response to a manager depends on whether an account has the address. For this reason a declined invitation stays
 * in the list of the company until it expires.
 */
export const createInvitationService = (deps: InvitationDeps) => ({
  /** Open invitations of the company, for its managers. @throws FORBIDDEN for other members */
  listInvitations: (context: ViewerContext, company: CompanyRow, page: PageArguments) =>
    listInvitations(deps, context, company, page),

  /**
   * Invites an e-mail address; replaces an earlier invitation to it.
   *
   * @throws CONFLICT for the address of a member
   * @throws QUOTA_EXCEEDED when the company has a thousand open invitations
   */
  inviteMember: (viewer: Viewer, input: NewMembership) => inviteMember(deps, viewer, input),

  /** Revokes an invitation. @throws NOT_FOUND when it is accepted or expired */
  revokeInvitation: (viewer: Viewer, id: string) => revokeInvitation(deps, viewer, id),

  /**
   * Makes the viewer a member. @throws NOT_FOUND for an invitation of others, or one that is answered, revoked or
   * expired
   */
  acceptInvitation: (viewer: Viewer, id: string) => acceptInvitation(deps, viewer, id),

  /**
   * Hides the invitation from the viewer; the company does not learn of it. @throws NOT_FOUND as `acceptInvitation`
   * does
   */
  declineInvitation: (viewer: Viewer, id: string) => declineInvitation(deps, viewer, id),
});

async function listInvitations(
  { loaders }: InvitationDeps,
  context: ViewerContext,
  company: CompanyRow,
  page: PageArguments,
): Promise<Connection<InvitationRow>> {
  authorize(companyPolicy, "listInvitationsOf", context.viewer, company);
  const found = await loaders.ofCompany(context, pageRequest(page, 1)).load(company.id);
  return toConnection(found, invitationPosition, () => loaders.countOfCompany(context).load(company.id));
}

async function inviteMember(
  { db, clock, invitationDays }: InvitationDeps,
  viewer: Viewer,
  { companyId, email: written, role }: NewMembership,
): Promise<InvitationRow> {
  const email = normalizeEmail(written);
  authorize(companyPolicy, "manageMembersOf", viewer, await findCompany(db, companyId));
  return db.transaction(async (tx) => {
    const by = await lockManagedCompany(tx, viewer, companyId);
    if (await findMembershipByEmail(tx, companyId, email)) throw isMember(email);
    const open = await countOpenInvitations(tx, { companyId, email }, clock(), MAX_OPEN_INVITATIONS);
    if (open >= MAX_OPEN_INVITATIONS) throw tooManyInvitations();
    const expiresAt = new Date(clock().getTime() + invitationDays * DAY_MS);
    const invitation = await upsertInvitation(tx, { companyId, email, role, invitedBy: by.id, expiresAt });
    await auditInvitation(tx, by, "invitation.created", invitation);
    return invitation;
  });
}

async function revokeInvitation(
  { db, clock }: InvitationDeps,
  viewer: Viewer,
  id: string,
): Promise<InvitationRow> {
  const found = await findOpenInvitation(db, managedTenantsOf(viewer), id, clock());
  const { subject: invitation } = authorize(invitationPolicy, "revoke", viewer, found);
  const { companyId } = invitation;
  return db.transaction(async (tx) => {
    const by = await lockManagedCompany(tx, viewer, companyId);
    if (!(await deleteInvitation(tx, companyId, id))) throw notFound(invitationPolicy.subject);
    await auditInvitation(tx, by, "invitation.revoked", invitation);
    return invitation;
  });
}

const acceptInvitation = (deps: InvitationDeps, viewer: Viewer, id: string): Promise<MembershipRow> =>
  answer(deps, viewer, { id, action: "accept" }, async (tx, by, invitation) => {
    const { companyId, role } = invitation;
    await deleteInvitation(tx, companyId, id);
    const membership = await upsertMembership(tx, { companyId, userId: by.id, role });
    viewerChanged(tx, by.id);
    await auditInvitation(tx, by, "invitation.accepted", invitation);
    await auditMembership(tx, by, "membership.set", membership);
    return membership;
  });

const declineInvitation = (deps: InvitationDeps, viewer: Viewer, id: string): Promise<InvitationRow> =>
  answer(deps, viewer, { id, action: "decline" }, async (tx, by, invitation) => {
    await updateInvitationAsDeclined(tx, invitation.companyId, id, deps.clock());
    await auditInvitation(tx, by, "invitation.declined", invitation);
    return invitation;
  });

interface Answer {
  readonly id: string;
  readonly action: "accept" | "decline";
}

/**
 * Reads the viewer and the invitation again under the lock on the company's members. Meanwhile the address may belong
 * to another account, the invitation may be answered, revoked or replaced, and its inviter may have lost the role.
 */
async function answer<Result>(
  { db, clock }: InvitationDeps,
  viewer: Viewer,
  { id, action }: Answer,
  act: (tx: Database, by: UserViewer, invitation: InvitationRow) => Promise<Result>,
): Promise<Result> {
  const find = async (tx: Database, by: Viewer) => {
    const found = by.kind === "user" ? await findReceivedInvitation(tx, by, id, clock()) : null;
    return authorize(invitationPolicy, action, by, found);
  };
  const allowed = await find(db, viewer);
  const { companyId } = allowed.subject;
  return db.transaction(async (tx) => {
    await lockMembersOf(tx, companyId);
    const by = await confirmViewer(tx, { viewer: allowed.viewer, companyId });
    return act(tx, by, (await find(tx, by)).subject);
  });
}

const isMember = (email: string) =>
  conflict(`${email} is a member of the company already: give them another role with setMembership.`, {
    field: "email",
  });

const tooManyInvitations = () =>
  quotaExceeded(
    `This company has ${MAX_OPEN_INVITATIONS.toLocaleString("en")} open invitations, which is as many as it may have: revoke some first.`,
    { limit: MAX_OPEN_INVITATIONS },
  );
