import type { SQL } from "drizzle-orm";
import { and, eq, isNull, sql } from "drizzle-orm";
import { isId } from "../../kernel/ids.js";
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

const select = (db: Database, ...conditions: SQL[]) =>
  db
    .select({ id: users.id, email: users.email, name: users.name, isAdmin: users.isAdmin, roles })
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
  const viewer: UserViewer = { kind: "user", ...row, roles: new Map(Object.entries(row.roles ?? {})) };
  return "userId" in key && key.sessionId ? { ...viewer, sessionId: key.sessionId } : viewer;
}
