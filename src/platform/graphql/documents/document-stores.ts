import { LRUCache } from "lru-cache";
import { KIB, MIB } from "../../../kernel/bytes.js";

/**
 * Limits of the caches for documents and results. Callers can send any number of different documents, so each cache has
 * a maximum number of entries and bytes and evicts the least recently used.
 */
export const STORE_LIMITS = {
  /** Documents of queries and mutations, parsed and validated, with their compiled functions. */
  documents: { entries: 1_000, bytes: 64 * MIB },
  /** The same for documents that only callers without a sign-in have sent. */
  anonymousDocuments: { entries: 200, bytes: 16 * MIB },
  /** The same for subscriptions. */
  subscriptions: { entries: 500, bytes: 64 * MIB },
  /** Texts of documents that clients refer to by hash (automatic persisted queries). */
  persistedQueries: { entries: 1_000, bytes: 16 * MIB },
  anonymousPersistedQueries: { entries: 200, bytes: 2 * MIB },
  /** Per subscription document: sets of variable values, each with its own results of events. */
  eventResults: { entries: 100, bytes: 128 * KIB },
} as const;

export interface StoreLimits {
  readonly entries: number;
  readonly bytes: number;
}

export interface BoundedStore<Value extends object | string> {
  get(key: string): Value | undefined;
  /** @param bytes its maximum size; values larger than an eighth of the store are not stored */
  set(key: string, value: Value, bytes: number): void;
  readonly entries: number;
  readonly bytes: number;
}

/** Bytes of an entry besides its value: its key, usually a hash, and its links in the LRU list. */
const ENTRY_BYTES = 300;

/** A store that evicts the least recently used entries when it is full. */
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
  /** @param isAnonymous whether the caller has no sign-in; an entry that a signed-in caller uses moves to their part */
  get(key: string, isAnonymous: boolean): Value | undefined;
  set(key: string, value: Value, kept: { readonly bytes: number; readonly isAnonymous: boolean }): void;
  /** Whether it is stored for callers with a sign-in. */
  isForSignedIn(key: string): boolean;
}

/**
 * Two stores in one, so that callers without a sign-in, of whom there may be any number, never evict entries that
 * others use. Both are read for everybody.
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
