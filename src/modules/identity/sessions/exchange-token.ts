import { DAY_MS, SECOND_MS } from "../../../kernel/clock.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { UsedToken } from "../session.tables.js";
import type { Client } from "../viewer.js";
import type { RefreshToken, RefreshTokens } from "./refresh-token.js";
import { hashOfToken } from "./refresh-token.js";
import { auditSession } from "./session.audit.js";
import type { SessionTokens } from "./session.repository.js";
import { lockSession, updateRefreshToken, updateRevokedSessions } from "./session.repository.js";

/** Counted from the last refresh. */
const SESSION_LIFETIME_MS = 30 * DAY_MS;
/** How long after its exchange a refresh token is answered again, with the newest token of the session. */
const REUSE_INTERVAL_MS = 10 * SECOND_MS;
/** Tabs of one browser do not exchange more tokens within the interval; the oldest are dropped. */
const MAX_USED_TOKENS = 10;

/** The expiry of a session that is opened or refreshed now. */
export const sessionEnd = (now: Date): Date => new Date(now.getTime() + SESSION_LIFETIME_MS);

export interface TokenExchange {
  readonly refreshTokens: RefreshTokens;
  readonly sessionId: string;
  /** What the client sent. */
  readonly token: string;
  readonly client: Client;
  readonly now: Date;
}

/** The newest token of the session, and its owner. */
export interface ExchangedToken {
  readonly userId: string;
  readonly token: string;
}

/**
 * Exchanges the newest refresh token of a session for its successor. A token that was exchanged a moment ago, by
 * another tab or in a request whose response was lost, is answered with the same successor (RFC 9700 §4.14.2 leaves
 * such an interval to the server; docs/decisions/0047). Any other token, or its successor, has been stolen: the
 * session ends.
 *
 * The session is locked meanwhile, which serialises requests with the same token across processes.
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
      await endFamily(tx, { sessionId, userId, client: exchange.client, now });
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

/** The successor may have been exchanged as well. Null if the newest token is not among the successors. */
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
  /** The client that sent the stolen token, or the one that it was stolen from. */
  readonly client: Client;
  readonly now: Date;
}

async function endFamily(tx: Database, { sessionId, userId, client, now }: StolenSession): Promise<void> {
  await updateRevokedSessions(tx, [sessionId], now);
  viewerChanged(tx, userId);
  await auditSession(tx, {
    sessionId,
    by: { kind: "user", id: userId, client },
    action: "session.revoked",
    details: { reason: "a refresh token was used that is not the newest" },
  });
}
