import type { SQL } from "drizzle-orm";
import { and, eq, exists, isNotNull, isNull, sql } from "drizzle-orm";
import type { Page, PageRequest, Position } from "../../../kernel/pagination.js";
import { toPage } from "../../../kernel/pagination.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { keyset } from "../../../platform/database/keyset.js";
import { memberships } from "../membership.tables.js";
import { inTenants } from "../tenant.repository.js";
import { users } from "../user.tables.js";
import type { TenantScope } from "../viewer.js";
import type { Person } from "./user.repository.js";
import { personColumns } from "./user.repository.js";

export interface UserList {
  /** A part of the name or the e-mail address. */
  readonly search?: string | null | undefined;
  readonly isDeactivated?: boolean | null | undefined;
}

/** The position of a person in the list of accounts: by name. */
export const userPosition = ({ name, id }: Person): Position => [name, id];

export async function listUsers(db: Database, list: UserList, request: PageRequest): Promise<Page<Person>> {
  const page = keyset({ keys: [users.name, users.id], descending: false }, request);
  const read = await db
    .select(personColumns)
    .from(users)
    .where(and(isListed(list), page.where))
    .orderBy(...page.orderBy)
    .limit(page.limit);
  return toPage(request, read);
}

export const countUsers = (db: Database, list: UserList): Promise<number> => db.$count(users, isListed(list));

const isListed = ({ search, isDeactivated }: UserList): SQL | undefined =>
  and(
    isNull(users.deletedAt),
    isDeactivated == null
      ? undefined
      : isDeactivated
        ? isNotNull(users.deactivatedAt)
        : isNull(users.deactivatedAt),
    search
      ? sql`(strpos(lower(${users.name}), lower(${search})) > 0 or strpos(${users.email}, lower(${search})) > 0)`
      : undefined,
  );

/** When these people were deactivated, if they are members of these tenants; null for all others. */
export async function listDeactivations(
  db: Database,
  tenants: TenantScope,
  userIds: readonly string[],
): Promise<(Date | null)[]> {
  const isMember = exists(
    db
      .select({ one: sql`1` })
      .from(memberships)
      .where(and(eq(memberships.userId, users.id), inTenants(memberships.companyId, tenants))),
  );
  const rows = await db
    .select({ id: users.id, deactivatedAt: users.deactivatedAt })
    .from(users)
    .where(and(isAnyOf(users.id, userIds), tenants === "every company" ? undefined : isMember));
  const byId = new Map(rows.map(({ id, deactivatedAt }) => [id, deactivatedAt]));
  return userIds.map((id) => byId.get(id) ?? null);
}
