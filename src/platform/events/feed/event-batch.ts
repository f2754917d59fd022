import type { EventPayload } from "./channel.js";

/** What is told of one event or signal. */
export interface BatchEntry {
  /** Null for a signal. */
  readonly sequence: number | null;
  readonly payload: EventPayload | null;
}

/** Events of a topic that were read together, and are delivered to all subscribers that have reached this position. */
export interface EventBatch {
  /** Counted per topic for those that all share; 0 for what a subscriber reads by itself. */
  readonly number: number;
  /** The events with numbers above `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  /** When it was read, by `performance.now`: who takes it must have been looked at since. */
  readonly readAt: number;
  readonly entries: readonly BatchEntry[];
  /** Up to where a subscriber has been told who is there when it has taken this; 0 when it is not about that. */
  readonly presence: number;
  /** The same object for all to whom it is told. */
  readonly shared: object;
}

const MAX_ROUNDS = 64;
const MAX_ENTRIES = 1_000;
const MAX_AGE_MS = 2_000;

/**
 * The last batches of a topic, for subscribers that were busy for a moment: they do not have to read the log
 * themselves.
 */
export class RecentBatches {
  readonly #batches: EventBatch[] = [];
  #entries = 0;
  #next = 1;

  /** The number of the batch that comes next. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest that is kept, or of the next when none is. */
  get oldest(): number {
    return this.#next - this.#batches.length;
  }

  get entries(): number {
    return this.#entries;
  }

  get(number: number): EventBatch | undefined {
    return this.#batches[number - this.oldest];
  }

  push(batch: EventBatch): void {
    this.#batches.push(batch);
    this.#entries += batch.entries.length;
    this.#next += 1;
    this.trim(batch.readAt);
  }

  /** Forgets what is too much or too old; the newest batch stays, whatever its size. */
  trim(now: number): void {
    for (let [first] = this.#batches; first !== undefined; [first] = this.#batches) {
      const isTooMuch =
        this.#batches.length > 1 && (this.#batches.length > MAX_ROUNDS || this.#entries > MAX_ENTRIES);
      if (!isTooMuch && now - first.readAt <= MAX_AGE_MS) return;
      this.#entries -= first.entries.length;
      this.#batches.shift();
    }
  }

  /** Forgets all, as if a batch had been missed. */
  clear(): void {
    this.#batches.length = this.#entries = 0;
    this.#next += 1;
  }
}
