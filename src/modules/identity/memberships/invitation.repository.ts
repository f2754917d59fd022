import type { SQL } from "drizzle-orm";
import { and, asc, count, eq, gt, isNull, lte, ne, sql } from "drizzle-orm";
import { isId, newId } from "../../../kernel/ids.js";
import type { Page, PageRequest, Position } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { deleteInBatches } from "../../../platform/database/in-batches.js";
import { keyset } from "../../../platform/database/keyset.js";
import { requireReturnedRow } from "../../../platform/database/returned-row.js";
import { companies } from "../company.tables.js";
import type { InvitationRow } from "../invitation.tables.js";
import { invitations } from "../invitation.tables.js";
import { memberships } from "../membership.tables.js";
import { inTenants } from "../tenant.repository.js";
import { users } from "../user.tables.js";
import { isActive } from "../users/user.repository.js";
import type { TenantScope, UserViewer } from "../viewer.js";

export type NewInvitation = Pick<InvitationRow, "companyId" | "email" | "role" | "invitedBy" | "expiresAt">;

/** A person who may have invitations: by the current address of their account. */
export type Invited = Pick<UserViewer, "id" | "email">;

/** The position of an invitation in the list of its company: by age. */
export const invitationPosition = (invitation: InvitationRow): Position => [invitation.id];

/**
 * It is not expired, its company is not deleted, and its inviter may still invite there. A declined one is open as
 * well.
 */
const isOpen = (now: Date): SQL | undefined =>
  and(
    gt(invitations.expiresAt, now),
    inTenants(invitations.companyId, "every company"),
    sql`exists (select from ${users} where ${users.id} = ${invitations.invitedBy} and ${isActive}
      and (${users.isAdmin} or exists (select from ${memberships} where ${memberships.userId} = ${users.id}
        and ${memberships.companyId} = ${invitations.companyId} and ${memberships.role} = 'MANAGER')))`,
  );

/** It was sent to the person's address, is not declined, and the person is not a member of the company yet. */
const isReceivedBy = ({ id, email }: Invited): SQL | undefined =>
  and(
    eq(invitations.email, email),
    isNull(invitations.declinedAt),
    sql`not exists (select from ${memberships} where ${memberships.userId} = ${id}
      and ${memberships.companyId} = ${invitations.companyId})`,
  );

/** An open invitation of one of these companies; null for a malformed id. */
export async function findOpenInvitation(
  db: Database,
  tenants: TenantScope,
  id: string,
  now: Date,
): Promise<InvitationRow | null> {
  if (!isId(id)) return null;
  const [found] = await db
    .select()
    .from(invitations)
    .where(and(eq(invitations.id, id), inTenants(invitations.companyId, tenants), isOpen(now)));
  return found ?? null;
}

/** An open invitation that the person can answer; null for a malformed id. */
export async function findReceivedInvitation(
  db: Database,
  invited: Invited,
  id: string,
  now: Date,
): Promise<InvitationRow | null> {
  if (!isId(id)) return null;
  const [found] = await db
    .select()
    .from(invitations)
    .where(and(eq(invitations.id, id), isReceivedBy(invited), isOpen(now)));
  return found ?? null;
}

/** Counts open invitations of a company to other addresses, up to `limit`. */
export async function countOpenInvitations(
  db: Database,
  { companyId, email }: Pick<InvitationRow, "companyId" | "email">,
  now: Date,
  limit: number,
): Promise<number> {
  const some = db
    .select({ id: invitations.id })
    .from(invitations)
    .where(and(eq(invitations.companyId, companyId), ne(invitations.email, email), isOpen(now)))
    .limit(limit);
  return db.$count(some.as("some"));
}

/** The invitations that a person can answer, oldest first, up to `limit`. */
export const listReceivedInvitations = (
  db: Database,
  invited: Invited,
  now: Date,
  limit: number,
): Promise<InvitationRow[]> =>
  db
    .select()
    .from(invitations)
    .where(and(isReceivedBy(invited), isOpen(now)))
    .orderBy(asc(invitations.id))
    .limit(limit);

/** One page of open invitations for each company, in one statement, in the order of the ids. */
export async function listInvitationsOfCompanies(
  db: Database,
  companyIds: readonly string[],
  now: Date,
  request: PageRequest,
): Promise<Page<InvitationRow>[]> {
  const keys = keyset({ keys: [invitations.id], descending: false }, request);
  const page = db
    .select()
    .from(invitations)
    .where(and(eq(invitations.companyId, companies.id), isOpen(now), keys.where))
    .orderBy(...keys.orderBy)
    .limit(keys.limit)
    .as("page");
  const rows = await db
    .select({ ...page._.selectedFields })
    .from(companies)
    .crossJoinLateral(page)
    .where(isAnyOf(companies.id, companyIds));
  return companyIds.map((id) =>
    toPage(
      request,
      rows.filter((row) => row.companyId === id),
    ),
  );
}

/** Counts the open invitations of each company, in the order of the ids. */
export async function countInvitationsOfCompanies(
  db: Database,
  companyIds: readonly string[],
  now: Date,
): Promise<number[]> {
  const counts = await db
    .select({ companyId: invitations.companyId, open: count() })
    .from(invitations)
    .where(and(isAnyOf(invitations.companyId, companyIds), isOpen(now)))
    .groupBy(invitations.companyId);
  const byCompany = new Map(counts.map(({ companyId, open }) => [companyId, open]));
  return companyIds.map((id) => byCompany.get(id) ?? 0);
}

/**
 * Replaces an earlier invitation to the same address. It has a new id, so that nobody accepts a role other than the
 * one they were shown.
 */
export async function upsertInvitation(tx: Database, invitation: NewInvitation): Promise<InvitationRow> {
  const fresh = { ...invitation, id: newId(), declinedAt: null };
  const rows = await tx
    .insert(invitations)
    .values(fresh)
    .onConflictDoUpdate({
      target: [invitations.email, invitations.companyId],
      set: { ...fresh, createdAt: sql`now()`, updatedAt: sql`now()` },
    })
    .returning();
  return requireReturnedRow(rows);
}

/** The invitation stays visible to the company until it expires. */
export async function updateInvitationAsDeclined(
  tx: Database,
  companyId: string,
  id: string,
  declinedAt: Date,
): Promise<void> {
  await tx
    .update(invitations)
    .set({ declinedAt, updatedAt: declinedAt })
    .where(and(eq(invitations.companyId, companyId), eq(invitations.id, id)));
}

/** @returns false when it was gone already */
export async function deleteInvitation(tx: Database, companyId: string, id: string): Promise<boolean> {
  const deleted = await tx
    .delete(invitations)
    .where(and(eq(invitations.companyId, companyId), eq(invitations.id, id)))
    .returning({ id: invitations.id });
  return deleted.length > 0;
}

/** @param email normalised */
export async function deleteInvitationTo(tx: Database, companyId: string, email: string): Promise<void> {
  await tx.delete(invitations).where(and(eq(invitations.companyId, companyId), eq(invitations.email, email)));
}

/** For the job, which has no viewer. */
export async function purgeEndedInvitations(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await deleteInBatches(db, invitations, lte(invitations.expiresAt, now), { signal });
}
