import type { SQL } from "drizzle-orm";
import { and, eq, isNull, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import { preparedOnce } from "../../../platform/database/prepared-once.js";
import { withQuickRows } from "../../../platform/database/quick-rows.js";
import { companies } from "../company.tables.js";
import { memberships } from "../membership.tables.js";
import { sessions } from "../session.tables.js";
import { users } from "../user.tables.js";
import { isActive } from "../users/user.repository.js";
import type { Role, UserViewer } from "../viewer.js";

/** The key of a viewer: an open session, an id from a signature, or an external identity. */
export type ViewerKey =
  | { readonly userId: string; readonly sessionId?: string }
  /** Of a session that has not expired at a moment either. */
  | { readonly userId: string; readonly sessionId: string; readonly at: Date }
  | { readonly externalSubject: string };

/** Roles in companies that are not deleted. */
const roles = sql<Record<string, Role> | null>`(
  select json_object_agg(m.company_id, m.role)
  from ${memberships} m join ${companies} c on c.id = m.company_id and c.deleted_at is null
  where m.user_id = ${users}.id)`;

const viewerColumns = { id: users.id, email: users.email, name: users.name, isAdmin: users.isAdmin };

const select = (db: Database, ...conditions: SQL[]) =>
  db
    .select({ ...viewerColumns, roles })
    .from(users)
    .where(and(isActive, ...conditions));

const isThisUser = eq(users.id, sql.placeholder("userId"));
const hasSession = sql`exists (select from ${sessions} where ${sessions.id} = ${sql.placeholder("sessionId")}
  and ${sessions.userId} = ${users.id} and ${sessions.revokedAt} is null)`;
const isUnexpired = sql`exists (select from ${sessions} where ${sessions.id} = ${sql.placeholder("sessionId")}
  and ${sessions.expiresAt} > ${sql.placeholder("at")}::timestamptz)`;
const isThisSubject = eq(users.externalSubject, sql.placeholder("externalSubject"));

const byUser = preparedOnce((db) => select(db, isThisUser).prepare("viewer_by_user"));
const bySession = preparedOnce((db) => select(db, isThisUser, hasSession).prepare("viewer_by_session"));
const byUnexpiredSession = preparedOnce((db) =>
  select(db, isThisUser, hasSession, isUnexpired).prepare("viewer_by_unexpired_session"),
);
const bySubject = preparedOnce((db) => select(db, isThisSubject).prepare("viewer_by_subject"));

/**
 * Finds a person with all their roles in one statement, which runs for every request.
 *
 * Without a moment, the expiry of the session is not checked: an access token never outlives its session. A URL that
 * was signed for days may.
 */
export async function findViewer(db: Database, key: ViewerKey): Promise<UserViewer | null> {
  if ("userId" in key && !isId(key.userId)) return null;
  const values = "at" in key ? { ...key, at: key.at.toISOString() } : { ...key };
  const [row] = await statementFor(key)(db).execute(values);
  if (!row) return null;
  const viewer = toViewer(row);
  return "userId" in key && key.sessionId ? { ...viewer, sessionId: key.sessionId } : viewer;
}

function statementFor(key: ViewerKey) {
  if ("externalSubject" in key) return bySubject;
  if (key.sessionId === undefined) return byUser;
  return "at" in key ? byUnexpiredSession : bySession;
}

const toViewer = <Row extends { readonly roles: Record<string, Role> | null }>(row: Row) => ({
  ...row,
  kind: "user" as const,
  roles: new Map(Object.entries(row.roles ?? {})),
});

/** The roles of many people, aggregated; a subquery for each person takes several times as long. */
const gathered = sql<Record<string, Role> | null>`json_object_agg(${companies.id}, ${memberships.role})
  filter (where ${companies.id} is not null)`;
const isLivingCompany = and(eq(companies.id, memberships.companyId), isNull(companies.deletedAt));
const isAsked = (column: PgColumn) => sql`${column} = any(${sql.placeholder("ids")})`;

const bySessions = preparedOnce((db) =>
  withQuickRows(
    db
      .select({ ...viewerColumns, sessionId: sessions.id, roles: gathered })
      .from(sessions)
      .innerJoin(users, and(eq(users.id, sessions.userId), isActive))
      .leftJoin(memberships, eq(memberships.userId, users.id))
      .leftJoin(companies, isLivingCompany)
      .where(
        and(
          isAsked(sessions.id),
          isNull(sessions.revokedAt),
          sql`${sessions.expiresAt} > ${sql.placeholder("now")}`,
        ),
      )
      .groupBy(sessions.id, users.id)
      .prepare("viewers_by_sessions"),
  ),
);

const byUsers = preparedOnce((db) =>
  withQuickRows(
    db
      .select({ ...viewerColumns, roles: gathered })
      .from(users)
      .leftJoin(memberships, eq(memberships.userId, users.id))
      .leftJoin(companies, isLivingCompany)
      .where(and(isAsked(users.id), isActive))
      .groupBy(users.id)
      .prepare("viewers_by_users"),
  ),
);

/** The people of these sessions that are open, each with the session, in one statement. */
export async function listViewersBySessions(
  db: Database,
  sessionIds: readonly string[],
  now: Date,
): Promise<UserViewer[]> {
  if (sessionIds.length === 0) return [];
  return (await bySessions(db).execute({ ids: sessionIds, now: now.toISOString() })).map(toViewer);
}

/** As `listViewersBySessions`, for people who are known by id only. */
export async function listViewersByIds(db: Database, ids: readonly string[]): Promise<UserViewer[]> {
  return ids.length === 0 ? [] : (await byUsers(db).execute({ ids })).map(toViewer);
}
