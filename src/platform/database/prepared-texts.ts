import { LRUCache } from "lru-cache";
import { MIB } from "../../kernel/bytes.js";

/**
 * Decides which statements are prepared. A prepared statement is parsed once per connection and stored by the
 * connection and by Postgres.
 */
export interface PreparedTexts {
  /** Whether to prepare a statement that is about to run. */
  isPrepared(text: string): boolean;
  /** Number of texts that are remembered. */
  readonly size: number;
}

/**
 * Far more than a server runs regularly. A connection with this many prepared statements is replaced when it is free.
 */
export const MAX_PREPARED = 500;
const MAX_SEEN_ONCE = 2_000;

/**
 * Prepares statements that have recently been run before. Callers combine filters, orders and lists into hundreds of
 * thousands of texts, most of which are run only once.
 */
export function createPreparedTexts(): PreparedTexts {
  const sizeCalculation = (_value: true, text: string) => text.length;
  const seenOnce = new LRUCache<string, true>({ max: MAX_SEEN_ONCE, maxSize: 4 * MIB, sizeCalculation });
  const prepared = new LRUCache<string, true>({ max: MAX_PREPARED, maxSize: 2 * MIB, sizeCalculation });
  return {
    isPrepared(text) {
      if (prepared.get(text)) return true;
      const isKnown = seenOnce.delete(text);
      (isKnown ? prepared : seenOnce).set(text, true);
      return isKnown;
    },
    get size() {
      return prepared.size + seenOnce.size;
    },
  };
}
