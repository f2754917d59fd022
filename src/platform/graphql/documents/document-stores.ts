import { LRUCache } from "lru-cache";
import { KIB, MIB } from "../../../kernel/bytes.js";

/**
 * What is kept of what callers send, so that it need not be made again. Callers invent as much of it as they like: each
 * store has a number of entries and a weight in bytes that it never exceeds, and what was used longest ago goes first.
 */
export const STORE_LIMITS = {
  /** Documents of queries and mutations, parsed and validated, with what is compiled from them. */
  documents: { entries: 1_000, bytes: 64 * MIB },
  /** The same, of what only callers without a sign-in have sent. */
  anonymousDocuments: { entries: 200, bytes: 16 * MIB },
  /** The same of subscriptions. */
  subscriptions: { entries: 500, bytes: 64 * MIB },
  /** Texts of documents that clients refer to by their hash (automatic persisted queries). */
  persistedQueries: { entries: 1_000, bytes: 16 * MIB },
  anonymousPersistedQueries: { entries: 200, bytes: 2 * MIB },
  /** Of one subscription's document: values of variables by which the results of events are kept apart. */
  eventResults: { entries: 100, bytes: 128 * KIB },
} as const;

export interface StoreLimits {
  readonly entries: number;
  readonly bytes: number;
}

export interface BoundedStore<Value extends object | string> {
  get(key: string): Value | undefined;
  /** @param bytes what it takes at most; what would take an eighth of the store by itself is not kept */
  set(key: string, value: Value, bytes: number): void;
  readonly entries: number;
  readonly bytes: number;
}

/** Bytes that an entry takes besides its value: its key, a hash for the most part, and its place in the order. */
const ENTRY_BYTES = 300;

/** A store that forgets what was used longest ago, when there is no room for more. */
export function createBoundedStore<Value extends object | string>({
  entries,
  bytes,
}: StoreLimits): BoundedStore<Value> {
  const cache = new LRUCache<string, Value>({ max: entries, maxSize: bytes, maxEntrySize: bytes / 8 });
  return {
    get: (key) => cache.get(key),
    set(key, value, size) {
      cache.set(key, value, { size: Math.ceil(size) + key.length * 2 + ENTRY_BYTES });
    },
    get entries() {
      return cache.size;
    },
    get bytes() {
      return cache.calculatedSize;
    },
  };
}

export interface DividedStore<Value extends object | string> {
  /** @param isAnonymous whether the caller has no sign-in: what anybody else asks for is kept as theirs from then on */
  get(key: string, isAnonymous: boolean): Value | undefined;
  set(key: string, value: Value, kept: { readonly bytes: number; readonly isAnonymous: boolean }): void;
  /** Whether it is kept for callers with a sign-in. */
  isForSignedIn(key: string): boolean;
}

/**
 * Two stores in one, so that callers without a sign-in, of whom there may be any number, never push out what others use.
 * Everybody gets what is in either.
 */
export function createDividedStore<Value extends object | string>(
  ofSignedIn: StoreLimits,
  ofAnonymous: StoreLimits,
): DividedStore<Value> {
  interface Kept {
    readonly value: Value;
    readonly bytes: number;
  }
  const signedIn = createBoundedStore<Kept>(ofSignedIn);
  const anonymous = createBoundedStore<Kept>(ofAnonymous);
  return {
    get(key, isAnonymous) {
      const known = signedIn.get(key);
      if (known) return known.value;
      const found = anonymous.get(key);
      if (found && !isAnonymous) signedIn.set(key, found, found.bytes);
      return found?.value;
    },
    set(key, value, { bytes, isAnonymous }) {
      (isAnonymous ? anonymous : signedIn).set(key, { value, bytes }, bytes);
    },
    isForSignedIn: (key) => signedIn.get(key) !== undefined,
  };
}
