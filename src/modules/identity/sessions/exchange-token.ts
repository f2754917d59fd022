import { DAY_MS, SECOND_MS } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { UsedToken } from "../session.tables.js";
import type { RefreshToken, RefreshTokens } from "./refresh-token.js";
import { hashOfToken } from "./refresh-token.js";
import { auditSession } from "./session.audit.js";
import type { SessionTokens } from "./session.repository.js";
import { lockSession, updateRefreshToken, updateRevokedSessions } from "./session.repository.js";

/** From the last refresh on. */
const SESSION_LIFETIME_MS = 30 * DAY_MS;
/** How long after its use a refresh token is answered once more, with the session's newest. */
const REUSE_INTERVAL_MS = 10 * SECOND_MS;
/** More exchanges than this within the interval do not come from ordinary tabs; the oldest are forgotten. */
const MAX_USED_TOKENS = 10;

/** When a session ends that is opened or refreshed now. */
export const sessionEnd = (now: Date): Date => new Date(now.getTime() + SESSION_LIFETIME_MS);

export interface TokenExchange {
  readonly refreshTokens: RefreshTokens;
  readonly sessionId: string;
  /** What the client sent. */
  readonly token: string;
  readonly now: Date;
}

/** The session's newest token, and whose it is. */
export interface ExchangedToken {
  readonly userId: string;
  readonly token: string;
}

/**
 * Exchanges a session's newest refresh token for the next one. One that was used a moment ago, by another tab or in a
 * request whose answer was lost, is answered with the same next token (RFC 9700 §4.14.2 leaves such an interval to the
 * server; docs/decisions/0047). Any other has been stolen, or its successor has: the session ends.
 *
 * The session is locked meanwhile, so that requests with the same token come one after the other, in whatever process.
 *
 * @returns null when the session has ended, now or before
 */
export const exchangeToken = (db: Database, exchange: TokenExchange): Promise<ExchangedToken | null> =>
  db.transaction(async (tx) => {
    const { refreshTokens, sessionId, token, now } = exchange;
    const session = await lockSession(tx, sessionId, now);
    if (!session) return null;
    const { userId } = session;
    const hash = hashOfToken(token);
    if (hash !== session.refreshTokenHash) {
      const newest = wasJustUsed(session.usedTokens, hash, now) ? newestAfter(exchange, session) : null;
      if (newest) return { userId, token: newest.token };
      // Committed, though the request fails: the answer's error must not take it back.
      await endFamily(tx, { sessionId, userId, now });
      return null;
    }
    const next = refreshTokens.successorOf({ id: sessionId, token });
    await updateRefreshToken(tx, sessionId, {
      refreshTokenHash: next.hash,
      usedTokens: [...session.usedTokens.filter(isRecent(now)), { hash, usedAt: now.toISOString() }].slice(
        -MAX_USED_TOKENS,
      ),
      now,
      expiresAt: sessionEnd(now),
    });
    return { userId, token: next.token };
  });

const isRecent =
  (now: Date) =>
  ({ usedAt }: UsedToken): boolean =>
    now.getTime() - Date.parse(usedAt) <= REUSE_INTERVAL_MS;

const wasJustUsed = (used: readonly UsedToken[], hash: string, now: Date): boolean =>
  used.filter(isRecent(now)).some((one) => one.hash === hash);

/** The next token may have been used as well meanwhile. Null where none of ours leads to the newest. */
function newestAfter(
  { refreshTokens, sessionId, token }: TokenExchange,
  { refreshTokenHash, usedTokens }: SessionTokens,
): RefreshToken | null {
  let next = { id: sessionId, token };
  for (const _ of usedTokens) {
    const successor = refreshTokens.successorOf(next);
    if (successor.hash === refreshTokenHash) return successor;
    next = successor;
  }
  return null;
}

interface StolenSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly now: Date;
}

async function endFamily(tx: Database, { sessionId, userId, now }: StolenSession): Promise<void> {
  await updateRevokedSessions(tx, [sessionId], now);
  viewerChanged(tx, userId);
  await auditSession(tx, {
    sessionId,
    actorId: userId,
    action: "session.revoked",
    details: { reason: "a refresh token was used that is not the newest" },
  });
}
