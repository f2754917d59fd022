import { and, eq, isNull, sql } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import { companies } from "./company.tables.js";
import { guests } from "./guest.tables.js";
import { memberships } from "./membership.tables.js";
import { sessions } from "./session.tables.js";
import { users } from "./user.tables.js";
import type { GuestViewer, Role, UserViewer } from "./viewer.js";

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
