import type { KeyObject } from "node:crypto";
import { createSecretKey } from "node:crypto";
import type { JWTPayload, JWTVerifyOptions } from "jose";
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../../kernel/clock.js";
import { MINUTE_MS, SECOND_MS } from "../../../kernel/clock.js";

export const ACCESS_TOKEN_LIFETIME_MS = 15 * MINUTE_MS;

const OURSELVES = "filedesk";
const OUR_ALGORITHMS = ["HS256"];
/** Only asymmetric algorithms, with which a public key cannot be mistaken for a shared secret (RFC 8725 §3.1). */
const OUTSIDE_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
/** Tokens are sent repeatedly and a valid signature stays valid, so it is cached. The session is checked every time. */
const MAX_REMEMBERED = 10_000;
/** Tolerated difference of the clocks. */
const OUTSIDE_CLOCK_TOLERANCE_SECONDS = 30;

/** A person of the external identity provider. */
export interface OutsideSubject {
  readonly externalSubject: string;
  readonly email?: string;
  readonly emailVerified: boolean;
}

/** The owner of a valid token: a person who signed in here, a guest, or a person of the external identity provider. */
export type TokenSubject =
  | { readonly userId: string; readonly sessionId: string }
  | { readonly guestId: string }
  | OutsideSubject;

/** The external identity provider whose tokens are accepted as well. */
export interface JwksSource {
  readonly url: string;
  /** The `iss` that its tokens must carry. */
  readonly issuer: string;
  /** The `aud` that its tokens must carry. */
  readonly audience: string;
}

export interface TokenVerifierOptions {
  readonly secret: string;
  readonly clock: Clock;
  readonly jwks?: JwksSource;
}

export interface AccessToken {
  readonly accessToken: string;
  readonly expiresAt: Date;
}

export type TokenIssuer = (subject: { userId: string; sessionId: string }) => Promise<AccessToken>;

/** For a guest, whose token does not outlive the invitation. */
export type GuestTokenIssuer = (guest: {
  readonly id: string;
  readonly expiresAt: Date;
}) => Promise<AccessToken>;

/** Resolves to null for an invalid token; rejects only when the keys of the provider cannot be fetched. */
export type TokenVerifier = (token: string) => Promise<TokenSubject | null>;

export interface TokenIssuerOptions {
  readonly secret: string;
  readonly clock: Clock;
  /** By default 15 minutes. */
  readonly lifetimeMs?: number;
}

/** Makes our own access tokens: JWTs (RFC 7519), signed with HS256. */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { secret, clock, lifetimeMs = ACCESS_TOKEN_LIFETIME_MS } = options;
  const sign = signer(secretKey(secret));
  return ({ userId, sessionId }) => {
    const now = clock();
    return sign({ sub: userId, sid: sessionId }, now, new Date(now.getTime() + lifetimeMs));
  };
}

/** As `createTokenIssuer`, for guests, who have no session: their token has a claim of its own. */
export function createGuestTokenIssuer(options: Required<TokenIssuerOptions>): GuestTokenIssuer {
  const { secret, clock, lifetimeMs } = options;
  const sign = signer(secretKey(secret));
  return ({ id, expiresAt }) => {
    const now = clock();
    const end = Math.min(now.getTime() + lifetimeMs, expiresAt.getTime());
    return sign({ sub: id, gid: id }, now, new Date(end));
  };
}

const signer =
  (key: KeyObject) =>
  async (claims: JWTPayload, from: Date, until: Date): Promise<AccessToken> => {
    const now = Math.floor(from.getTime() / SECOND_MS);
    const expires = Math.floor(until.getTime() / SECOND_MS);
    const accessToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer(OURSELVES)
      .setAudience(OURSELVES)
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .sign(key);
    return { accessToken, expiresAt: new Date(expires * SECOND_MS) };
  };

/**
 * Verifies our tokens and, with `jwks`, those of an external provider, whose keys are fetched on first use and cached
 * for ten minutes. The `iss` of a token selects the rules, which are then enforced: keys, algorithms, issuer and
 * audience of the two kinds never mix.
 */
export function createTokenVerifier({ secret, clock, jwks }: TokenVerifierOptions): TokenVerifier {
  const verifyOurs = ourVerifier(secretKey(secret), clock);
  if (!jwks) return orNull(verifyOurs);
  const verifyOutside = outsideVerifier(jwks, clock);
  return orNull((token) => (decodeJwt(token).iss === jwks.issuer ? verifyOutside(token) : verifyOurs(token)));
}

/** When a verified token expires; null if it has no expiry. */
export function tokenEnd(token: string): Date | null {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? null : new Date(exp * SECOND_MS);
  } catch {
    return null;
  }
}

type Verify = (token: string) => Promise<TokenSubject | null>;

const secretKey = (secret: string): KeyObject => createSecretKey(Buffer.from(secret, "utf8"));

function ourVerifier(key: KeyObject, clock: Clock): Verify {
  const rules = rulesFor({ issuer: OURSELVES, audience: OURSELVES, algorithms: OUR_ALGORITHMS });
  const verified = new LRUCache<string, { subject: TokenSubject | null; expiresMs: number }>({
    max: MAX_REMEMBERED,
  });
  return async (token) => {
    const known = verified.get(token);
    if (known && known.expiresMs > clock().getTime()) return known.subject;
    const { payload } = await jwtVerify(token, key, { ...rules, currentDate: clock() });
    const { exp = 0 } = payload;
    const subject = ourSubject(payload);
    verified.set(token, { subject, expiresMs: exp * SECOND_MS });
    return subject;
  };
}

/** A token has either a session or a guest; null for a token with both or neither. */
function ourSubject({ sub, sid, gid }: JWTPayload): TokenSubject | null {
  if (!sub) return null;
  if (typeof sid === "string" && gid === undefined) return { userId: sub, sessionId: sid };
  return gid === sub && sid === undefined ? { guestId: sub } : null;
}

function outsideVerifier({ url, issuer, audience }: JwksSource, clock: Clock): Verify {
  const keys = createRemoteJWKSet(new URL(url));
  const rules = rulesFor({ issuer, audience, algorithms: OUTSIDE_ALGORITHMS });
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      ...rules,
      currentDate: clock(),
      clockTolerance: OUTSIDE_CLOCK_TOLERANCE_SECONDS,
    });
    return payload.sub ? outsideSubject(payload.sub, payload) : null;
  };
}

const rulesFor = (rules: { issuer: string; audience: string; algorithms: string[] }): JWTVerifyOptions => ({
  ...rules,
  requiredClaims: ["exp", "sub"],
});

/** OpenID Connect Core §5.1; some providers send `email_verified` as a text. */
function outsideSubject(
  externalSubject: string,
  { email, email_verified: verified }: JWTPayload,
): OutsideSubject {
  const emailVerified = verified === true || verified === "true";
  return typeof email === "string"
    ? { externalSubject, email, emailVerified }
    : { externalSubject, emailVerified };
}

/** Errors of the token itself. Other errors, such as an unreachable key server, are not. */
const FAULTS_OF_THE_TOKEN = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

const orNull =
  (verify: Verify): TokenVerifier =>
  async (token) => {
    try {
      return await verify(token);
    } catch (error) {
      if (FAULTS_OF_THE_TOKEN.some((fault) => error instanceof fault)) return null;
      throw error;
    }
  };
