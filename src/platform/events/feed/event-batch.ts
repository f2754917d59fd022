import type { LoggedEvent } from "../log/event-log.repository.js";
import type { EventPayload } from "./channel.js";

/** The payload of one event or signal. */
export interface BatchEntry {
  /** Null for a signal. */
  readonly sequence: number | null;
  readonly payload: EventPayload | null;
}

/** Events of a topic that were read together, and are delivered to all subscribers that have reached this position. */
export interface EventBatch {
  /** Counted per topic for batches that all subscribers share; 0 for a batch that is read for one subscriber. */
  readonly number: number;
  /** The events with numbers above `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  /** When it was read, by `performance.now`: a subscriber gets it only if its access was checked after that. */
  readonly readAt: number;
  readonly entries: readonly BatchEntry[];
  /** The version of the presence that a subscriber knows after this batch; 0 for batches of events. */
  readonly presence: number;
  /** The same object for all subscribers that get this batch. */
  readonly shared: object;
}

export interface BatchContent {
  /** By `performance.now`. */
  readonly readAt: number;
  /** The number of the last event before the batch. */
  readonly from: number;
  readonly events: readonly LoggedEvent[];
  /** Those of the events, then those of signals. */
  readonly payloads: readonly (EventPayload | null)[];
}

export function createBatch({ readAt, from, events, payloads }: BatchContent): Omit<EventBatch, "number"> {
  const entries = payloads.map(
    (payload, index): BatchEntry => ({ sequence: events[index]?.sequence ?? null, payload }),
  );
  return { from, to: from + events.length, readAt, entries, presence: 0, shared: {} };
}

const MAX_BATCHES = 64;
const MAX_ENTRIES = 1_000;
const MAX_AGE_MS = 2_000;

/** The last batches of a topic, so that subscribers that are slightly behind need not read the log. */
export class RecentBatches {
  readonly #batches: EventBatch[] = [];
  #entries = 0;
  #next = 1;

  /** The number of the next batch. */
  get next(): number {
    return this.#next;
  }

  /** The number of the oldest batch that is kept, or of the next one if none is. */
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

  /** Drops batches that are too many or too old; the newest batch is dropped only for its age. */
  trim(now: number): void {
    for (let [first] = this.#batches; first !== undefined; [first] = this.#batches) {
      const isTooMuch =
        this.#batches.length > 1 && (this.#batches.length > MAX_BATCHES || this.#entries > MAX_ENTRIES);
      if (!isTooMuch && now - first.readAt <= MAX_AGE_MS) return;
      this.#entries -= first.entries.length;
      this.#batches.shift();
    }
  }

  /** Drops all batches and skips a number, so that every subscriber notices. */
  clear(): void {
    this.#batches.length = this.#entries = 0;
    this.#next += 1;
  }
}
