import { and, desc, eq, gt, isNotNull, isNull, lt, ne, or } from "drizzle-orm";
import { DAY_MS } from "../../../kernel/clock.js";
import { isId } from "../../../kernel/ids.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { deleteInBatches } from "../../../platform/database/in-batches.js";
import type { SessionRow, UsedToken } from "../session.tables.js";
import { sessions } from "../session.tables.js";
import { users } from "../user.tables.js";
import { isActive } from "../users/user.repository.js";

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly refreshTokenHash: string;
  readonly expiresAt: Date;
  /** `User-Agent` of the sign-in. */
  readonly userAgent?: string | null;
  readonly address?: string | null;
}

/** The columns of a session that its owner sees. */
export type OpenSession = Pick<
  SessionRow,
  "id" | "userId" | "createdAt" | "updatedAt" | "expiresAt" | "userAgent" | "address"
>;

/** The most sessions that are listed; somebody with more can end all others at once. */
const MAX_LISTED_SESSIONS = 100;

/** The columns that decide about a refresh token. */
export type SessionTokens = Pick<SessionRow, "userId" | "refreshTokenHash" | "usedTokens">;

export interface NextToken {
  readonly refreshTokenHash: string;
  readonly usedTokens: readonly UsedToken[];
  readonly now: Date;
  readonly expiresAt: Date;
}

/** The latest sign-ins that are looked at. */
const MAX_SIGN_INS = 50;

/** From where the account was signed in to: the network addresses of its latest sessions. */
export async function listSignInAddresses(db: Database, email: string): Promise<string[]> {
  const rows = await db
    .select({ address: sessions.address })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(users.email, email), isNotNull(sessions.address)))
    .orderBy(desc(sessions.id))
    .limit(MAX_SIGN_INS);
  return rows.flatMap(({ address }) => address ?? []);
}

export async function insertSession(db: Database, session: NewSession): Promise<void> {
  await db.insert(sessions).values(session);
}

/**
 * Locks a session, which serialises requests with the same refresh token.
 *
 * @returns null when the session has ended, or the account is deleted or deactivated
 */
export async function lockSession(tx: Database, id: string, now: Date): Promise<SessionTokens | null> {
  const [session] = await tx
    .select({
      userId: sessions.userId,
      refreshTokenHash: sessions.refreshTokenHash,
      usedTokens: sessions.usedTokens,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.id, id), lasts(now), isActive))
    .for("update", { of: sessions });
  return session ?? null;
}

/** Stores the successor of the newest refresh token. Call it under `lockSession`. */
export async function updateRefreshToken(tx: Database, id: string, next: NextToken): Promise<void> {
  const { now, ...columns } = next;
  await tx
    .update(sessions)
    .set({ ...columns, updatedAt: now })
    .where(eq(sessions.id, id));
}

/** Revokes open sessions with all their tokens. */
export function updateRevokedSessions(
  db: Database,
  ids: readonly string[],
  now: Date,
): Promise<{ id: string; userId: string }[]> {
  return db
    .update(sessions)
    .set({ revokedAt: now, updatedAt: now })
    .where(and(isAnyOf(sessions.id, ids), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id, userId: sessions.userId });
}

/** As `updateRevokedSessions`, for all sessions of a person, optionally except one. @returns how many */
export async function updateRevokedSessionsOf(
  db: Database,
  userId: string,
  { now, except }: { readonly now: Date; readonly except?: string | undefined },
): Promise<number> {
  const others = except === undefined ? undefined : ne(sessions.id, except);
  const ended = await db
    .update(sessions)
    .set({ revokedAt: now, updatedAt: now })
    .where(and(eq(sessions.userId, userId), isNull(sessions.revokedAt), gt(sessions.expiresAt, now), others))
    .returning({ id: sessions.id });
  return ended.length;
}

const openSessionColumns = {
  id: sessions.id,
  userId: sessions.userId,
  createdAt: sessions.createdAt,
  updatedAt: sessions.updatedAt,
  expiresAt: sessions.expiresAt,
  userAgent: sessions.userAgent,
  address: sessions.address,
};

const lasts = (now: Date) => and(isNull(sessions.revokedAt), gt(sessions.expiresAt, now));

/** Open sessions of a person, newest first. */
export const listOpenSessions = (db: Database, userId: string, now: Date): Promise<OpenSession[]> =>
  db
    .select(openSessionColumns)
    .from(sessions)
    .where(and(eq(sessions.userId, userId), lasts(now)))
    .orderBy(desc(sessions.id))
    .limit(MAX_LISTED_SESSIONS);

/** Null for a malformed id, and for a session that has ended. */
export async function findOpenSession(db: Database, id: string, now: Date): Promise<OpenSession | null> {
  if (!isId(id)) return null;
  const [found] = await db
    .select(openSessionColumns)
    .from(sessions)
    .where(and(eq(sessions.id, id), lasts(now)));
  return found ?? null;
}

/** Purges sessions that ended more than a day ago, so that the table does not grow with every sign-in. */
export async function purgeEndedSessions(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  const dayAgo = new Date(now.getTime() - DAY_MS);
  await deleteInBatches(db, sessions, or(lt(sessions.expiresAt, dayAgo), lt(sessions.revokedAt, dayAgo)), {
    signal,
  });
}
