/** What a connection may send on and on, in messages a second. */
export const MESSAGES_PER_SECOND = 100;
/** So many at once for each subscription that it may have: a page changes, and all end and begin anew, twice. */
const BURST_PER_SUBSCRIPTION = 4;
const LEAST_BURST = 200;

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

  /** Counts one message, at a time in milliseconds. False when it is one too many. */
  spend(now: number): boolean {
    const earned = ((now - this.#at) / 1_000) * MESSAGES_PER_SECOND;
    this.#left = Math.min(this.#burst, this.#left + earned);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
