import type { SQL } from "drizzle-orm";
import { and, eq, gt, isNull, sql } from "drizzle-orm";
import { isId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { preparedOnce } from "../../platform/database/prepared-once.js";
import { companies } from "./company.tables.js";
import { memberships } from "./membership.tables.js";
import { sessions } from "./session.tables.js";
import { users } from "./user.tables.js";
import type { Role, UserViewer } from "./viewer.js";

/** By what a viewer is found: a session that has not ended, an id that a signature vouches for, an outside name. */
export type ViewerKey =
  | { readonly userId: string; readonly sessionId?: string }
  | { readonly externalSubject: string };

/** In living companies alone: a deleted one gives nobody a role. */
const roles = sql<Record<string, Role> | null>`(
  select json_object_agg(m.company_id, m.role)
  from ${memberships} m join ${companies} c on c.id = m.company_id and c.deleted_at is null
  where m.user_id = ${users}.id)`;

const viewerColumns = { id: users.id, email: users.email, name: users.name, isAdmin: users.isAdmin };

const select = (db: Database, ...conditions: SQL[]) =>
  db
    .select({ ...viewerColumns, roles })
    .from(users)
    .where(and(isNull(users.deletedAt), ...conditions));

const isThisUser = eq(users.id, sql.placeholder("userId"));
const hasSession = sql`exists (select from ${sessions} where ${sessions.id} = ${sql.placeholder("sessionId")}
  and ${sessions.userId} = ${users.id} and ${sessions.revokedAt} is null)`;
const isThisSubject = eq(users.externalSubject, sql.placeholder("externalSubject"));

const byUser = preparedOnce((db) => select(db, isThisUser).prepare("viewer_by_user"));
const bySession = preparedOnce((db) => select(db, isThisUser, hasSession).prepare("viewer_by_session"));
const bySubject = preparedOnce((db) => select(db, isThisSubject).prepare("viewer_by_subject"));

/**
 * The person with all their roles, in one statement: this runs on every request.
 *
 * A session's own expiry needs no look: an access token ends 29 days before it.
 */
export async function findViewer(db: Database, key: ViewerKey): Promise<UserViewer | null> {
  if ("userId" in key && !isId(key.userId)) return null;
  const statement = "externalSubject" in key ? bySubject : key.sessionId === undefined ? byUser : bySession;
  const [row] = await statement(db).execute({ ...key });
  if (!row) return null;
  const viewer = toViewer(row);
  return "userId" in key && key.sessionId ? { ...viewer, sessionId: key.sessionId } : viewer;
}

const toViewer = <Row extends { readonly roles: Record<string, Role> | null }>(row: Row) => ({
  ...row,
  kind: "user" as const,
  roles: new Map(Object.entries(row.roles ?? {})),
});

/** The roles of many people, gathered in one go. */
const rolesOf = (db: Database, people: SQL) =>
  db
    .select({
      userId: memberships.userId,
      roles: sql<Record<string, Role>>`json_object_agg(${memberships.companyId}, ${memberships.role})`.as(
        "roles",
      ),
    })
    .from(memberships)
    .innerJoin(companies, and(eq(companies.id, memberships.companyId), isNull(companies.deletedAt)))
    .where(sql`${memberships.userId} in ${people}`)
    .groupBy(memberships.userId)
    .as("roles_of");

/** The people of these sessions, as far as these last, each with the session. For many, in one statement. */
export async function listViewersBySessions(
  db: Database,
  sessionIds: readonly string[],
  now: Date,
): Promise<UserViewer[]> {
  if (sessionIds.length === 0) return [];
  const lasts = and(
    isAnyOf(sessions.id, sessionIds),
    isNull(sessions.revokedAt),
    gt(sessions.expiresAt, now),
  );
  const held = rolesOf(db, sql`(select ${sessions.userId} from ${sessions} where ${lasts})`);
  const rows = await db
    .select({ ...viewerColumns, sessionId: sessions.id, roles: held.roles })
    .from(sessions)
    .innerJoin(users, and(eq(users.id, sessions.userId), isNull(users.deletedAt)))
    .leftJoin(held, eq(held.userId, users.id))
    .where(lasts);
  return rows.map(toViewer);
}

/** As `listViewersBySessions`, for who is known by their id alone. */
export async function listViewersByIds(db: Database, ids: readonly string[]): Promise<UserViewer[]> {
  if (ids.length === 0) return [];
  const held = rolesOf(db, sql`(select unnest(${sql.param([...ids])}::uuid[]))`);
  const rows = await db
    .select({ ...viewerColumns, roles: held.roles })
    .from(users)
    .leftJoin(held, eq(held.userId, users.id))
    .where(and(isAnyOf(users.id, ids), isNull(users.deletedAt)));
  return rows.map(toViewer);
}
