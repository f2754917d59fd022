import { and, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import { apiKeys } from "./api-key.tables.js";
import { companies } from "./company.tables.js";
import { guests } from "./guest.tables.js";
import { memberships } from "./membership.tables.js";
import { sessions } from "./session.tables.js";
import { users } from "./user.tables.js";
import type { ApiKeyScope, ApiKeyViewer, GuestViewer, Role, UserViewer } from "./viewer.js";

/** The columns of the statement below. */
const personColumns = {
  id: sql<string>`id`,
  email: sql<string>`email`,
  name: sql<string>`name`,
  isAdmin: sql<boolean>`is_admin`,
  role: sql<Role | null>`role`,
};

/**
 * Reads a person and their role in one company in one statement. The rows of the account, the session and the
 * membership stay locked for share, in this order, until the transaction ends. The statement is sent synchronously,
 * so that later statements are queued behind it.
 *
 * @param companyId null: no role is read
 * @returns null when the account or the session has ended
 */
export async function lockUserViewer(
  tx: Database,
  { id, sessionId }: Pick<UserViewer, "id" | "sessionId">,
  companyId: string | null,
): Promise<UserViewer | null> {
  const confirmed = sql`(
    with person as materialized (
      select id, email, name, is_admin from ${users} where id = ${id}::uuid and deleted_at is null and deactivated_at is null for share),
    session as materialized (
      select s.id from person join ${sessions} s on s.user_id = person.id
      where s.id = ${sessionId ?? null}::uuid and s.revoked_at is null for share of s),
    membership as materialized (
      select m.role from person join ${memberships} m on m.user_id = person.id
      where m.company_id = ${companyId}::uuid for share of m)
    select person.*,
      (select role from membership
        where exists (select from ${companies} c where c.id = ${companyId}::uuid and c.deleted_at is null)) as role
    from person
    where ${sessionId ?? null}::uuid is null or person.id in (select person.id from session)) as confirmed`;
  const [person] = await tx.select(personColumns).from(confirmed).execute();
  if (!person) return null;
  const { role, ...columns } = person;
  const roles = new Map(companyId && role ? [[companyId, role]] : []);
  return { ...columns, kind: "user", roles, ...(sessionId !== undefined && { sessionId }) };
}

/** As `lockUserViewer`, for a guest; null when their access has ended by the clock of the database. */
export async function lockGuestViewer(tx: Database, id: string): Promise<GuestViewer | null> {
  const [guest] = await tx
    .select({
      id: guests.id,
      name: guests.displayName,
      companyId: guests.companyId,
      conversationId: guests.conversationId,
    })
    .from(guests)
    .innerJoin(companies, and(eq(companies.id, guests.companyId), isNull(companies.deletedAt)))
    .where(and(eq(guests.id, id), isNull(guests.revokedAt), sql`${guests.expiresAt} > clock_timestamp()`))
    .for("share", { of: guests })
    .execute();
  return guest ? { ...guest, kind: "guest" } : null;
}

const keyColumns = {
  id: sql<string>`id`,
  name: sql<string>`name`,
  companyId: sql<string>`company_id`,
  scopes: sql<ApiKeyScope[]>`scopes`.mapWith(apiKeys.scopes),
  createdBy: sql<string | null>`created_by`,
  expiresAt: sql<Date | null>`expires_at`.mapWith(apiKeys.expiresAt),
};

/**
 * As `lockUserViewer`, for an API key: the account and the membership of whoever created it stay locked as well,
 * because the key ends with them. Null when it has ended by the clock of the database.
 */
export async function lockApiKeyViewer(
  tx: Database,
  { id, createdBy }: Pick<ApiKeyViewer, "id" | "createdBy">,
): Promise<ApiKeyViewer | null> {
  const confirmed = sql`(
    with creator as materialized (
      select id, is_admin from ${users}
      where id = ${createdBy}::uuid and deleted_at is null and deactivated_at is null for share),
    valid as materialized (
      select k.* from (select count(*) from creator) first, ${apiKeys} k
      where k.id = ${id}::uuid and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > clock_timestamp()) for share of k),
    membership as materialized (
      select m.role from creator join ${memberships} m on m.user_id = creator.id
        join valid on valid.company_id = m.company_id for share of m)
    select valid.* from valid
    where exists (select from ${companies} c where c.id = valid.company_id and c.deleted_at is null)
      and (valid.created_by is null or exists (select from creator where is_admin)
        or exists (select from membership where role = 'MANAGER'))) as confirmed`;
  const [key] = await tx.select(keyColumns).from(confirmed).execute();
  return key ? { ...key, kind: "api-key" } : null;
}
