import { LRUCache } from "lru-cache";
import { MINUTE_MS, SECOND_MS } from "../../../kernel/clock.js";
import { rateLimited } from "../../../kernel/errors.js";

/** Callers who are counted at once: more of them cannot be connected to one server. */
const MOST_CALLERS = 100_000;

/**
 * Limits how many subscriptions each caller starts in a minute. It protects this server, on which each start takes some
 * statements, so it counts in memory: reconnections after a restart would otherwise add a write each.
 */
export class SubscriptionStarts {
  readonly #limit: number;
  readonly #counts = new LRUCache<string, { count: number; readonly endsAt: number }>({ max: MOST_CALLERS });

  constructor(perMinute: number) {
    this.#limit = perMinute;
  }

  /** @param now in milliseconds of a monotonic clock @throws RATE_LIMITED */
  count(callerKey: string, now = performance.now()): void {
    const known = this.#counts.get(callerKey);
    const window = known && known.endsAt > now ? known : { count: 0, endsAt: now + MINUTE_MS };
    if (window.count >= this.#limit) throw tooManyStarts(this.#limit, window.endsAt - now);
    window.count++;
    this.#counts.set(callerKey, window);
  }
}

function tooManyStarts(limit: number, leftMs: number) {
  const retryAfter = Math.ceil(leftMs / SECOND_MS);
  return rateLimited(
    `You start too many subscriptions (${limit} in 60 seconds). Try again in ${retryAfter} seconds.`,
    { policy: "subscriptions", limit, retryAfter },
  );
}
