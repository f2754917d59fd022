import type { KeyObject } from "node:crypto";
import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../../kernel/clock.js";
import { HOUR_MS, SECOND_MS, systemClock } from "../../../kernel/clock.js";
import { forbidden } from "../../../kernel/errors.js";
import { harmlessName } from "./file-name.js";

export interface SigningKey {
  /** Part of the URL: `[A-Za-z0-9_-]`. */
  readonly id: string;
  readonly secret: string;
}

export interface UrlSignerOptions {
  /** Newest first: the newest signs, all verify. */
  readonly keys: readonly SigningKey[];
  /** Maximum lifetime of a URL; an hour by default. */
  readonly lifetimeMs?: number;
  /** How long a viewer gets the same URL; a quarter of the lifetime by default. */
  readonly windowMs?: number;
  readonly clock?: Clock;
}

export interface SigningTarget {
  /** The path without leading and trailing slashes and without the name: `attachments/{id}`, `files/{id}/thumbnail`. */
  readonly resource: string;
  /** The last segment of the path, for display only; not signed. */
  readonly name: string;
  readonly viewerId: string;
  /** In whole seconds; left out: at the end of a window of the signer, within its lifetime. */
  readonly expiresAt?: Date | undefined;
}

/** The viewer of a valid signature, and its expiry. */
export interface SignedAccess {
  readonly viewerId: string;
  readonly expiresAt: Date;
  /** Remaining lifetime of the signature: a cache may not store the response longer. */
  readonly maxAgeSeconds: number;
}

export interface UrlSigner {
  /** `/{resource}/{name}?viewer=…&expires=…&key=…&signature=…`, valid for at least lifetime − window, or as long as the target says. */
  sign(target: SigningTarget): string;
  /** Only the query of such a URL, for a resource that its route names differently. */
  signQuery(resource: string, viewerId: string): string;
  /** @throws FORBIDDEN, with `reason` `expired` or `invalid` */
  verify(resource: string, query: Readonly<Record<string, unknown>>): SignedAccess;
}

/** Whether a request's query has a signature. */
export const isSigned = (query: Readonly<Record<string, unknown>>): boolean => query.signature !== undefined;

/**
 * Signs the URLs of downloads with HMAC-SHA-256, bound to a viewer and an expiry. Nothing is stored. Expiries are
 * rounded to a window, so that a list that is read again has the same URLs and they can be cached.
 *
 * @throws Error if there is no key, a key's id is invalid, or the window exceeds the lifetime
 */
export function createUrlSigner(options: UrlSignerOptions): UrlSigner {
  const { lifetimeMs = HOUR_MS, windowMs = lifetimeMs / 4, clock = systemClock } = options;
  if (windowMs > lifetimeMs) throw new Error("the window of a signed URL must not exceed its lifetime");
  const windowSeconds = Math.max(1, Math.floor(windowMs / SECOND_MS));
  const keys = readKeys(options.keys);
  const [newest] = keys;
  if (newest === undefined) throw new Error("signing URLs takes at least one key");
  const [newestId, newestKey] = newest;
  const keyById = new Map(keys);
  const remember = memo(REMEMBERED_SIGNATURES);

  const ownExpiry = (): number => {
    const lastSecond = (clock().getTime() + lifetimeMs) / SECOND_MS;
    return Math.floor(lastSecond / windowSeconds) * windowSeconds;
  };

  const signQuery = (resource: string, viewerId: string, expiresAt?: Date): string => {
    const expires = String(expiresAt ? Math.floor(expiresAt.getTime() / SECOND_MS) : ownExpiry());
    return remember(`${resource} ${viewerId} ${expires}`, () => {
      const signature = signatureOf(newestKey, [newestId, resource, viewerId, expires]);
      return `viewer=${encodeURIComponent(viewerId)}&expires=${expires}&key=${newestId}&signature=${signature}`;
    });
  };

  return {
    signQuery: (resource, viewerId) => signQuery(resource, viewerId),

    sign: ({ resource, name, viewerId, expiresAt }) =>
      `/${resource}/${encodeURIComponent(harmlessName(name))}?${signQuery(resource, viewerId, expiresAt)}`,

    verify(resource, query) {
      const { viewer, expires, key: keyId, signature } = query;
      if (!isText(viewer) || !isText(expires) || !isText(keyId) || !isText(signature)) throw invalid();
      const key = keyById.get(keyId);
      if (!key || !areEqual(signature, signatureOf(key, [keyId, resource, viewer, expires]))) throw invalid();
      const expiresAt = new Date(Number(expires) * SECOND_MS);
      const leftMs = expiresAt.getTime() - clock().getTime();
      if (leftMs <= 0) throw expired();
      return { viewerId: viewer, expiresAt, maxAgeSeconds: Math.floor(leftMs / SECOND_MS) };
    },
  };
}

/** About 14 MiB. Within a window the same lists are read repeatedly, with the same URLs. */
const REMEMBERED_SIGNATURES = 20_000;

/** Caches the results of the most recently used keys. */
function memo(limit: number): (key: string, make: () => string) => string {
  const known = new LRUCache<string, string>({ max: limit });
  return (key, make) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make();
    known.set(key, made);
    return made;
  };
}

function readKeys(keys: readonly SigningKey[]): (readonly [string, KeyObject])[] {
  const ids = new Set(keys.map(({ id }) => id));
  if (ids.size !== keys.length) throw new Error("two signing keys have the same id");
  return keys.map(({ id, secret }) => {
    if (!/^[A-Za-z0-9_-]+$/.test(id))
      throw new Error("a signing key's id is made of letters, digits, _ and -");
    return [id, createSecretKey(secret, "utf8")];
  });
}

// JSON separates the parts whatever they contain, and the first element separates this use of the secret from any
// other.
const signatureOf = (key: KeyObject, parts: readonly string[]) =>
  createHmac("sha256", key)
    .update(JSON.stringify(["download", ...parts]))
    .digest("base64url");

// Compares the texts, not the decoded bytes: base64url decodes several texts to the same bytes.
function areEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const isText = (value: unknown): value is string => typeof value === "string";

const invalid = () =>
  forbidden("The signature of this URL is not valid. Use `url` exactly as the API returned it.", {
    reason: "invalid",
  });

const expired = () => forbidden("This URL has expired. Ask the API for a new `url`.", { reason: "expired" });
