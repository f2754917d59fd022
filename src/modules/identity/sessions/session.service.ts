import type { Clock } from "../../../kernel/clock.js";
import { systemClock } from "../../../kernel/clock.js";
import { unauthenticated } from "../../../kernel/errors.js";
import { isId, newId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import { networkKeyOf } from "../../../platform/rate-limit/network-key.js";
import { resemblesApiKey } from "../api-keys/api-key-text.js";
import type { ApiKeyViewers } from "../api-keys/api-key-viewers.js";
import type { RefusalLog } from "../audit/refusal-log.js";
import { listGuestViewers } from "../guests/guest.repository.js";
import { isEmail, normalizeEmail } from "../users/email.js";
import { verifyPasswordFrom } from "../users/password.js";
import type { Credentials } from "../users/user.repository.js";
import { findCredentials, lockForSignIn, updateExternalSubject } from "../users/user.repository.js";
import type { Client, GuestViewer, UserViewer, Viewer } from "../viewer.js";
import { anonymous, keyIdInSignature } from "../viewer.js";
import type {
  AccessToken,
  GuestTokenIssuer,
  OutsideSubject,
  TokenIssuer,
  TokenVerifier,
} from "./access-token.js";
import type { AttemptLimit } from "./attempt-limit.js";
import { exchangeToken, sessionEnd } from "./exchange-token.js";
import type { RefreshToken, RefreshTokens } from "./refresh-token.js";
import { reloadViewers } from "./reload-viewers.js";
import { auditSession } from "./session.audit.js";
import { insertSession, updateRevokedSessions } from "./session.repository.js";
import { findViewer } from "./viewer.repository.js";

/** The most characters of `User-Agent` that are stored. */
const MAX_USER_AGENT_LENGTH = 300;

export interface SessionServiceOptions {
  readonly db: Database;
  readonly issueToken: TokenIssuer;
  readonly issueGuestToken: GuestTokenIssuer;
  readonly verifyToken: TokenVerifier;
  readonly refreshTokens: RefreshTokens;
  readonly attempts: AttemptLimit;
  readonly apiKeys: ApiKeyViewers;
  readonly refusals: Pick<RefusalLog, "recordSignIn">;
  readonly clock?: Clock;
}

export interface SignIn {
  readonly email: string;
  readonly password: string;
}

/** `expiresAt` is that of the access token. */
export interface StartedSession extends AccessToken {
  readonly refreshToken: string;
  readonly viewer: UserViewer;
}

export type SessionService = ReturnType<typeof createSessionService>;

export function createSessionService(options: SessionServiceOptions) {
  const { db, issueToken, verifyToken, refreshTokens, attempts, apiKeys, clock = systemClock } = options;

  const open = async (userId: string, sessionId: string, refreshToken: string): Promise<StartedSession> => {
    const viewer = await findViewer(db, { userId, sessionId });
    if (!viewer) throw unauthenticated();
    return { ...(await issueToken({ userId, sessionId })), refreshToken, viewer };
  };

  /**
   * Opens a session.
   *
   * @throws UNAUTHENTICATED, with the same message and timing for a wrong password and an unknown address
   * @throws RATE_LIMITED after too many attempts for one e-mail address or from one network address, or while too
   *   many are waiting
   */
  async function signIn({ email, password }: SignIn, client: Client): Promise<StartedSession> {
    const address = normalizeEmail(email);
    await attempts.signIn(address, client);
    const account = await requireAccount(options, { email: address, password }, client);
    const token = refreshTokens.issue(newId());
    await beginSession(db, { account, token, client, expiresAt: sessionEnd(clock()) });
    return open(account.id, token.id, token.token);
  }

  /**
   * Exchanges a refresh token for a new pair; each can be used once. A token that was exchanged in the last 10
   * seconds is answered with the newest refresh token of the session, for concurrent tabs and lost responses; a later
   * use ends the session (`exchangeToken`).
   *
   * @throws UNAUTHENTICATED for a token that is neither the newest of an open session nor was so a moment ago
   * @throws RATE_LIMITED after too many attempts from one network address; the token stays valid
   */
  async function refreshSession(refreshToken: string, client: Client): Promise<StartedSession> {
    await attempts.sessionRefresh(client);
    const sessionId = refreshTokens.sessionIdOf(refreshToken);
    if (!sessionId) throw unauthenticated(ENDED);
    const exchange = { refreshTokens, sessionId, token: refreshToken, client, now: clock() };
    const exchanged = await exchangeToken(db, exchange);
    if (!exchanged) throw unauthenticated(ENDED);
    return open(exchanged.userId, sessionId, exchanged.token);
  }

  /**
   * Ends the session of the access token and, if given, that of the refresh token.
   *
   * @returns whether a session was ended
   */
  async function signOut(viewer: Viewer, refreshToken?: string | null): Promise<boolean> {
    const ended = [
      viewer.kind === "user" ? viewer.sessionId : undefined,
      refreshToken ? refreshTokens.sessionIdOf(refreshToken) : undefined,
    ];
    const ids = ended.filter((id) => typeof id === "string");
    return ids.length > 0 && endSessions(db, ids, { by: viewer, now: clock() });
  }

  const findGuestViewer = async (id: string): Promise<GuestViewer | undefined> =>
    isId(id) ? (await listGuestViewers(db, [id], clock()))[0] : undefined;

  /** The viewer of a bearer token or an API key; anonymous without a valid one. */
  async function viewerOf(token: string | null): Promise<Viewer> {
    if (token && resemblesApiKey(token)) return apiKeys.ofKey(token);
    const subject = token ? await verifyToken(token) : null;
    if (!subject) return anonymous;
    if ("userId" in subject) return (await findViewer(db, subject)) ?? anonymous;
    if ("guestId" in subject) return (await findGuestViewer(subject.guestId)) ?? anonymous;
    return (await findOutsideViewer(db, subject)) ?? anonymous;
  }

  /**
   * The viewer of a signed URL with their current permissions; anonymous when the account, the access of the guest, the
   * API key or the session of the URL has ended.
   */
  async function viewerById(id: string, sessionId?: string): Promise<Viewer> {
    if (sessionId !== undefined)
      return (await findViewer(db, { userId: id, sessionId, at: clock() })) ?? anonymous;
    const keyId = keyIdInSignature(id);
    if (keyId !== null) return (await apiKeys.byId(keyId)) ?? anonymous;
    return (
      (await findViewer(db, { userId: id })) ??
      (await findGuestViewer(id)) ??
      (await apiKeys.byId(id)) ??
      anonymous
    );
  }

  return {
    signIn,
    refreshSession,
    signOut,
    viewerOf,
    viewerById,

    /** Issues an access token for a guest, which does not outlive the invitation. */
    issueGuestToken: options.issueGuestToken,

    /** Reads these viewers again, in their order; anonymous where access has ended. */
    reload: (viewers: readonly Viewer[]): Promise<readonly Viewer[]> => reloadViewers(db, viewers, clock()),
  };
}

/** The account of an e-mail address and its password. @throws UNAUTHENTICATED */
async function requireAccount(
  { db, refusals }: SessionServiceOptions,
  { email, password }: SignIn,
  client: Client,
): Promise<Credentials> {
  const account = await findCredentials(db, email);
  const network = networkKeyOf(client.address);
  // Without an account as well, so that the time does not tell whether there is one.
  const isRight = await verifyPasswordFrom(network, account?.passwordHash ?? null, password);
  if (account && isRight) return account;
  if (account) refusals.recordSignIn({ userId: account.id, client });
  throw wrongCredentials();
}

interface Beginning {
  readonly account: Credentials;
  readonly token: RefreshToken;
  readonly client: Client;
  readonly expiresAt: Date;
}

/** Checks again: the password may have been changed and the account deactivated during the verification. */
const beginSession = (db: Database, { account, token, client, expiresAt }: Beginning): Promise<void> =>
  db.transaction(async (tx) => {
    if (!(await lockForSignIn(tx, account))) throw wrongCredentials();
    await insertSession(tx, {
      id: token.id,
      userId: account.id,
      refreshTokenHash: token.hash,
      expiresAt,
      userAgent: client.userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
      address: client.address,
    });
    await auditSession(tx, {
      sessionId: token.id,
      by: { kind: "user", id: account.id, client },
      action: "session.opened",
    });
  });

const wrongCredentials = () => unauthenticated("The e-mail address or the password is wrong.");

const ENDED = "This session has ended: sign in again.";

/** Ends sessions with their subscriptions. @returns whether one was ended */
const endSessions = (
  db: Database,
  ids: readonly string[],
  { by, now }: { readonly by: Viewer; readonly now: Date },
): Promise<boolean> =>
  db.transaction(async (tx) => {
    const ended = await updateRevokedSessions(tx, ids, now);
    for (const { id: sessionId, userId } of ended) {
      viewerChanged(tx, userId);
      // Who has the refresh token of a session is its owner.
      const owner = { kind: "user", id: userId, ...(by.client && { client: by.client }) } as const;
      await auditSession(tx, { sessionId, by: owner, action: "session.ended" });
    }
    return ended.length > 0;
  });

/** Links an account to the external identity on first use, by the e-mail address that the provider has verified. */
async function findOutsideViewer(
  db: Database,
  { externalSubject, email, emailVerified }: OutsideSubject,
): Promise<UserViewer | null> {
  const known = await findViewer(db, { externalSubject });
  if (known || !email || !emailVerified) return known;
  const address = normalizeEmail(email);
  if (!isEmail(address)) return null;
  await updateExternalSubject(db, address, externalSubject);
  return findViewer(db, { externalSubject });
}
