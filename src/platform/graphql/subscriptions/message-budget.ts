import { KIB } from "../../../kernel/bytes.js";

/** What a connection may send on and on, in messages a second. */
export const MESSAGES_PER_SECOND = 100;
/** So many at once for each subscription that it may have: a page changes, and all end and begin anew, twice. */
const BURST_PER_SUBSCRIPTION = 4;
const LEAST_BURST = 200;
/** A longer message counts as several: parsing takes time by length. A subscription is much shorter. */
const LENGTH_OF_ONE = 4 * KIB;

/** How many messages a connection may send by now: a token bucket, which is full at first. */
export class MessageBudget {
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor(maxSubscriptions: number, now = performance.now()) {
    this.#burst = Math.max(LEAST_BURST, maxSubscriptions * BURST_PER_SUBSCRIPTION);
    this.#left = this.#burst;
    this.#at = now;
  }

  /** Counts one message of this length, at a time in milliseconds. False when it is one too many. */
  spend(now: number, length = 0): boolean {
    const cost = 1 + Math.floor(length / LENGTH_OF_ONE);
    const earned = ((now - this.#at) / 1_000) * MESSAGES_PER_SECOND;
    this.#left = Math.min(this.#burst, this.#left + earned);
    this.#at = now;
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }
}
