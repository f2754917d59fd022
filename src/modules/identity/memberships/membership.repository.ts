import { and, asc, count, eq, getTableColumns, isNull, sql } from "drizzle-orm";
import { isId } from "../../../kernel/ids.js";
import type { Page, PageRequest, Position } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { requireReturnedRow } from "../../../platform/database/returned-row.js";
import { companies } from "../company.tables.js";
import type { MembershipRow } from "../membership.tables.js";
import { memberships } from "../membership.tables.js";
import { users } from "../user.tables.js";
import { isActive } from "../users/user.repository.js";
import type { Role } from "../viewer.js";

/** The position of a membership in the list of its company: by age. */
export const membershipPosition = (membership: MembershipRow): Position => [membership.id];

/** Null for a malformed id. */
export async function findMembership(
  db: Database,
  companyId: string,
  userId: string,
): Promise<MembershipRow | null> {
  if (!isId(userId)) return null;
  const [found] = await db
    .select()
    .from(memberships)
    .where(and(eq(memberships.companyId, companyId), eq(memberships.userId, userId)));
  return found ?? null;
}

/** @param email normalised */
export async function findMembershipByEmail(
  db: Database,
  companyId: string,
  email: string,
): Promise<MembershipRow | null> {
  const [found] = await db
    .select(getTableColumns(memberships))
    .from(memberships)
    .innerJoin(users, and(eq(users.id, memberships.userId), isNull(users.deletedAt)))
    .where(and(eq(memberships.companyId, companyId), eq(users.email, email)));
  return found ?? null;
}

/**
 * The membership of an active account, locked for share: it is neither removed nor changed until the transaction
 * ends. Lock it before the rows that the person gets access to.
 */
export async function lockActiveMembership(
  tx: Database,
  companyId: string,
  userId: string,
): Promise<MembershipRow | null> {
  const [found] = await lockActiveMemberships(tx, companyId, [userId]);
  return found ?? null;
}

/** As `lockActiveMembership`, for several people; those without a membership are omitted. */
export async function lockActiveMemberships(
  tx: Database,
  companyId: string,
  userIds: readonly string[],
): Promise<MembershipRow[]> {
  const known = userIds.filter(isId);
  if (known.length === 0) return [];
  return tx
    .select(getTableColumns(memberships))
    .from(memberships)
    .innerJoin(users, and(eq(users.id, memberships.userId), isActive))
    .where(and(eq(memberships.companyId, companyId), isAnyOf(memberships.userId, known)))
    .orderBy(asc(memberships.id))
    .for("share", { of: memberships });
}

/** Whether the company has a manager besides this person. */
export async function findOtherManager(
  db: Database,
  companyId: string,
  userId: string,
): Promise<MembershipRow | null> {
  const [found] = await db
    .select(getTableColumns(memberships))
    .from(memberships)
    .innerJoin(users, and(eq(users.id, memberships.userId), isActive))
    .where(
      and(
        eq(memberships.companyId, companyId),
        eq(memberships.role, "MANAGER"),
        sql`${memberships.userId} <> ${userId}`,
      ),
    )
    .limit(1);
  return found ?? null;
}

/** One page of members for each company, in one statement, in the order of the ids. */
export async function listMembershipsOfCompanies(
  db: Database,
  companyIds: readonly string[],
  request: PageRequest,
): Promise<Page<MembershipRow>[]> {
  const keys = keyset({ keys: [memberships.id], descending: false }, request);
  const page = db
    .select()
    .from(memberships)
    .where(and(eq(memberships.companyId, companies.id), keys.where))
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

/** Counts the members of each company, in the order of the ids. */
export async function countMembershipsOfCompanies(
  db: Database,
  companyIds: readonly string[],
): Promise<number[]> {
  const counts = await db
    .select({ companyId: memberships.companyId, members: count() })
    .from(memberships)
    .where(isAnyOf(memberships.companyId, companyIds))
    .groupBy(memberships.companyId);
  const byCompany = new Map(counts.map(({ companyId, members }) => [companyId, members]));
  return companyIds.map((id) => byCompany.get(id) ?? 0);
}

/**
 * Each person's memberships of companies that are not deleted, oldest first, up to `limit`, in the order of the ids.
 */
export async function listMembershipsOfUsers(
  db: Database,
  userIds: readonly string[],
  limit: number,
): Promise<MembershipRow[][]> {
  const oldest = db
    .select(getTableColumns(memberships))
    .from(memberships)
    .innerJoin(companies, and(eq(companies.id, memberships.companyId), isNull(companies.deletedAt)))
    .where(eq(memberships.userId, users.id))
    .orderBy(asc(memberships.id))
    .limit(limit)
    .as("oldest");
  const rows = await db
    .select({ ...oldest._.selectedFields })
    .from(users)
    .crossJoinLateral(oldest)
    .where(isAnyOf(users.id, userIds));
  return userIds.map((id) => rows.filter((row) => row.userId === id));
}

/** Serialises changes of the members of a company until the transaction ends. */
export async function lockMembersOf(tx: Database, companyId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`members:${companyId}`}, 0))`);
}

/** Adds a member, or changes the role of a member. */
export async function upsertMembership(
  db: Database,
  membership: { companyId: string; userId: string; role: Role },
): Promise<MembershipRow> {
  const rows = await db
    .insert(memberships)
    .values(membership)
    .onConflictDoUpdate({
      target: [memberships.userId, memberships.companyId],
      set: { role: membership.role, updatedAt: sql`now()` },
    })
    .returning();
  return requireReturnedRow(rows);
}

export async function deleteMembership(db: Database, companyId: string, userId: string): Promise<void> {
  await db
    .delete(memberships)
    .where(and(eq(memberships.companyId, companyId), eq(memberships.userId, userId)));
}
