import { and, eq, gt, isNull, lt, or, sql } from "drizzle-orm";
import { DAY_MS } from "../../kernel/clock.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { sessions } from "./session.tables.js";
import { isActive } from "./user.repository.js";
import { users } from "./user.tables.js";

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly refreshTokenHash: string;
  readonly expiresAt: Date;
}

export interface Rotation {
  readonly id: string;
  readonly oldHash: string;
  readonly newHash: string;
  readonly now: Date;
  readonly expiresAt: Date;
}

export async function insertSession(db: Database, session: NewSession): Promise<void> {
  await db.insert(sessions).values(session);
}

/**
 * Exchanges the session's refresh token for the next one, in one statement: of two requests with the same
 * token at most one gets an answer.
 *
 * @returns the person whose session it is; null when the token is not the newest, the session has ended, or
 *   the person is deleted
 */
export async function updateRefreshToken(
  db: Database,
  rotation: Rotation,
): Promise<{ userId: string } | null> {
  const { id, oldHash, newHash, now, expiresAt } = rotation;
  const [session] = await db
    .update(sessions)
    .set({ refreshTokenHash: newHash, expiresAt, updatedAt: now })
    .where(
      and(
        eq(sessions.id, id),
        eq(sessions.refreshTokenHash, oldHash),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, now),
        sql`exists (select from ${users} where ${users.id} = ${sessions.userId} and ${isActive})`,
      ),
    )
    .returning({ userId: sessions.userId });
  return session ?? null;
}

/** Ends sessions that have not ended yet, with every token of theirs. */
export function updateRevokedSessions(
  db: Database,
  ids: readonly string[],
  now: Date,
): Promise<{ userId: string }[]> {
  return db
    .update(sessions)
    .set({ revokedAt: now, updatedAt: now })
    .where(and(isAnyOf(sessions.id, ids), isNull(sessions.revokedAt)))
    .returning({ userId: sessions.userId });
}

/** Removes sessions that ended more than a day ago, so that the table does not grow with every sign-in. */
export async function deleteEndedSessions(db: Database, now: Date): Promise<void> {
  const dayAgo = new Date(now.getTime() - DAY_MS);
  await db.delete(sessions).where(or(lt(sessions.expiresAt, dayAgo), lt(sessions.revokedAt, dayAgo)));
}
