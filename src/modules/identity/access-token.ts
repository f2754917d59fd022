import type { KeyObject } from "node:crypto";
import { createSecretKey } from "node:crypto";
import type { JWTPayload, JWTVerifyOptions } from "jose";
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../../kernel/clock.js";
import { MINUTE_MS, SECOND_MS } from "../../kernel/clock.js";

export const ACCESS_TOKEN_LIFETIME_MS = 15 * MINUTE_MS;

const OURSELVES = "filedesk";
const OUR_ALGORITHMS = ["HS256"];
/** Asymmetric alone: with these a public key can never be taken for a shared secret (RFC 8725 §3.1). */
const OUTSIDE_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
/** Tokens are sent again and again, and a good signature stays good; whether the session lasts is asked each time. */
const MAX_REMEMBERED = 10_000;
/** Another house's clock may be off a little. */
const OUTSIDE_CLOCK_TOLERANCE_SECONDS = 30;

/** Who a good token speaks for: somebody who signed in here, or somebody whom the outside provider knows. */
export type TokenSubject =
  | { readonly userId: string; readonly sessionId: string }
  | { readonly externalSubject: string; readonly email?: string; readonly emailVerified: boolean };

/** The outside identity provider whose tokens are accepted too. */
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

/** Resolves to null for a token that is not good; rejects only when the outside keys cannot be had. */
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
  const key = secretKey(secret);
  return async ({ userId, sessionId }) => {
    const now = Math.floor(clock().getTime() / SECOND_MS);
    const expires = now + Math.floor(lifetimeMs / SECOND_MS);
    const accessToken = await new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer(OURSELVES)
      .setAudience(OURSELVES)
      .setSubject(userId)
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .sign(key);
    return { accessToken, expiresAt: new Date(expires * SECOND_MS) };
  };
}

/**
 * Verifies our tokens and, with `jwks`, those of an outside provider, whose keys are fetched when first needed
 * and kept for ten minutes. A token's own `iss` chooses by which rules it is judged, and is then held to them:
 * keys, algorithms, issuer and audience of the two kinds never mix.
 */
export function createTokenVerifier({ secret, clock, jwks }: TokenVerifierOptions): TokenVerifier {
  const verifyOurs = ourVerifier(secretKey(secret), clock);
  if (!jwks) return orNull(verifyOurs);
  const verifyOutside = outsideVerifier(jwks, clock);
  return orNull((token) => (decodeJwt(token).iss === jwks.issuer ? verifyOutside(token) : verifyOurs(token)));
}

/** When a token that has been found good ends; null for one that does not say. */
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
  const verified = new Map<string, { subject: TokenSubject | null; expiresMs: number }>();
  return async (token) => {
    const known = verified.get(token);
    if (known && known.expiresMs > clock().getTime()) return known.subject;
    const { payload } = await jwtVerify(token, key, { ...rules, currentDate: clock() });
    const { sub: userId, sid: sessionId, exp = 0 } = payload;
    const subject = userId && typeof sessionId === "string" ? { userId, sessionId } : null;
    if (verified.size >= MAX_REMEMBERED) verified.clear();
    verified.set(token, { subject, expiresMs: exp * SECOND_MS });
    return subject;
  };
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
): TokenSubject {
  const emailVerified = verified === true || verified === "true";
  return typeof email === "string"
    ? { externalSubject, email, emailVerified }
    : { externalSubject, emailVerified };
}

/** What is wrong with a token itself. Anything else, such as a key server that is down, is not the token's fault. */
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
