import { KIB } from "../../../kernel/bytes.js";

/** How many messages a connection may send per second in the long run. */
export const MESSAGES_PER_SECOND = 100;
/** Size of a burst per allowed subscription: enough for a page change that ends and starts all subscriptions, twice. */
const BURST_PER_SUBSCRIPTION = 4;
const MIN_BURST = 200;
/** A longer message counts as several, because parsing time depends on length. A subscription is much shorter. */
const MESSAGE_LENGTH = 4 * KIB;

/** Limits the messages of a connection: a token bucket that starts full. */
export class MessageBudget {
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor(maxSubscriptions: number, now = performance.now()) {
    this.#burst = Math.max(MIN_BURST, maxSubscriptions * BURST_PER_SUBSCRIPTION);
    this.#left = this.#burst;
    this.#at = now;
  }

  /** Counts one message of this length, at a time in milliseconds. False if the budget is exceeded. */
  spend(now: number, length = 0): boolean {
    const cost = 1 + Math.floor(length / MESSAGE_LENGTH);
    const earned = ((now - this.#at) / 1_000) * MESSAGES_PER_SECOND;
    this.#left = Math.min(this.#burst, this.#left + earned);
    this.#at = now;
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }
}
