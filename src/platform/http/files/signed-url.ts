import type { KeyObject } from "node:crypto";
import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "../../../kernel/clock.js";
import { HOUR_MS, SECOND_MS, systemClock } from "../../../kernel/clock.js";
import { forbidden } from "../../../kernel/errors.js";
import { harmlessName } from "./file-name.js";

export interface SigningKey {
  /** Stands in the URL: `[A-Za-z0-9_-]`. */
  readonly id: string;
  readonly secret: string;
}

export interface UrlSignerOptions {
  /** Newest first: the newest signs, all verify. */
  readonly keys: readonly SigningKey[];
  /** How long a URL is good at most; an hour unless given. */
  readonly lifetimeMs?: number;
  /** For how long the same viewer gets the same URL; a quarter of the lifetime unless given. */
  readonly windowMs?: number;
  readonly clock?: Clock;
}

export interface SigningTarget {
  /** The path without slashes at its ends and without the name: `attachments/{id}`, `files/{id}/thumbnail`. */
  readonly resource: string;
  /** Made the last segment of the path, for people; not signed, because it decides nothing. */
  readonly name: string;
  readonly viewerId: string;
}

/** Whom a valid signature was given to, and until when it is good. */
export interface SignedAccess {
  readonly viewerId: string;
  readonly expiresAt: Date;
  /** What is left of the signature's life: a cache may not keep the answer longer. */
  readonly maxAgeSeconds: number;
}

export interface UrlSigner {
  /** `/{resource}/{name}?viewer=…&expires=…&key=…&signature=…`, good for at least lifetime − window. */
  sign(target: SigningTarget): string;
  /** The query of such a URL alone, for a resource that its route names in another way. */
  signQuery(resource: string, viewerId: string): string;
  /** @throws FORBIDDEN, with `reason` `expired` or `invalid` */
  verify(resource: string, query: Readonly<Record<string, unknown>>): SignedAccess;
}

/** Whether a request's query claims to be signed. */
export const isSigned = (query: Readonly<Record<string, unknown>>): boolean => query.signature !== undefined;

/**
 * Signs the URLs of downloads with HMAC-SHA-256, bound to a viewer and an expiry. Nothing is stored: expiries
 * fall on the borders of a window, so that a list that is read again has the same URLs and caches work.
 *
 * @throws Error when there is no key, when a key's id is unfit, or when the window exceeds the lifetime
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

  const signQuery = (resource: string, viewerId: string): string => {
    const lastSecond = (clock().getTime() + lifetimeMs) / SECOND_MS;
    const expires = String(Math.floor(lastSecond / windowSeconds) * windowSeconds);
    return remember(`${resource} ${viewerId} ${expires}`, () => {
      const signature = signatureOf(newestKey, [newestId, resource, viewerId, expires]);
      return `viewer=${encodeURIComponent(viewerId)}&expires=${expires}&key=${newestId}&signature=${signature}`;
    });
  };

  return {
    signQuery,

    sign: ({ resource, name, viewerId }) =>
      `/${resource}/${encodeURIComponent(harmlessName(name))}?${signQuery(resource, viewerId)}`,

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

/** About 14 MiB. Within a window the same list is read again and again, with the same URLs. */
const REMEMBERED_SIGNATURES = 20_000;

/** Remembers what was made for the keys that were asked for last. */
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

// JSON keeps the parts apart whatever stands in them, and the first element keeps this use of the secret
// apart from any other.
const signatureOf = (key: KeyObject, parts: readonly string[]) =>
  createHmac("sha256", key)
    .update(JSON.stringify(["download", ...parts]))
    .digest("base64url");

// The texts, not the bytes they stand for: base64url decodes several texts to the same bytes.
function areEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const isText = (value: unknown): value is string => typeof value === "string";

const invalid = () =>
  forbidden("The signature of this URL is not valid. Use `url` exactly as the API gave it.", {
    reason: "invalid",
  });

const expired = () => forbidden("This URL has expired. Ask the API for a new `url`.", { reason: "expired" });
