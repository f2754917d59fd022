import type { Channel, Delivery } from "./channel.js";
import type { EventBatch } from "./event-batch.js";
import type { FeedViewer } from "./feed.js";

/** What a subscriber knows of its topic. */
export interface SubscribedTopic<Viewer extends FeedViewer> {
  readonly id: string;
  readonly channel: Channel<Viewer>;
  /**
   * What comes next for this subscriber, who may still have it; null when there is nothing now. At once where it can be,
   * which spares a promise for each subscriber and event. Never fails.
   */
  nextFor(subscriber: Subscriber<Viewer>): EventBatch | null | Promise<EventBatch | null>;
  leave(subscriber: Subscriber<Viewer>): void;
}

export interface SubscriberOptions<Viewer extends FeedViewer> {
  readonly topic: SubscribedTopic<Viewer>;
  readonly viewer: Viewer;
  /** The number of the last event that it has. */
  readonly cursor: number;
  /** When its viewer was last looked at, by `performance.now`. */
  readonly checkedAt: number;
  /** The batch of the topic that it takes part in first. */
  readonly nextBatch: number;
  readonly wantsPresence: boolean;
  readonly signal: AbortSignal;
}

type Next<Viewer> = IteratorResult<Delivery<Viewer>, undefined>;

/**
 * A subscriber of a topic: a position in the event log, without a queue in memory. Events that it has not taken yet
 * are only in the log.
 */
export class Subscriber<Viewer extends FeedViewer> implements AsyncIterableIterator<Delivery<Viewer>> {
  readonly topic: SubscribedTopic<Viewer>;
  readonly wantsPresence: boolean;
  viewer: Viewer;
  checkedAt: number;
  cursor: number;
  nextBatch: number;
  presenceSeen = 0;
  readonly #signal: AbortSignal;
  #batch: EventBatch | null = null;
  #index = 0;
  #isEnded = false;
  #fault: unknown = null;
  #isNotified = false;
  #isAsking = false;
  /** Whoever waits for what comes next. */
  #waiting: { resolve(result: Next<Viewer>): void; reject(fault: unknown): void } | null = null;
  /** How many are asking for something, and the last of them. */
  #asking = 0;
  #last: Promise<unknown> | null = null;

  constructor(options: SubscriberOptions<Viewer>) {
    this.topic = options.topic;
    this.viewer = options.viewer;
    this.cursor = options.cursor;
    this.checkedAt = options.checkedAt;
    this.nextBatch = options.nextBatch;
    this.wantsPresence = options.wantsPresence;
    this.#signal = options.signal;
    this.#signal.addEventListener("abort", this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The signal has aborted: an object that hears it itself needs no function of its own. */
  handleEvent(): void {
    this.end();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Something may have come for it. */
  notify(): void {
    this.#isNotified = true;
    if (this.#waiting && !this.#isAsking) this.#look();
  }

  /** Ends it, with an error for who is waiting for what comes next, or without. */
  end(fault: unknown = null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#fault = fault;
    this.#batch = null;
    this.#signal.removeEventListener("abort", this);
    this.topic.leave(this);
    this.notify();
  }

  /** One after the other, however many are asked for at once. */
  next(): Promise<Next<Viewer>> {
    const next = this.#asking++ === 0 ? this.#step() : this.#after(this.#last);
    this.#last = next;
    return next;
  }

  async return(): Promise<Next<Viewer>> {
    this.end();
    return { done: true, value: undefined };
  }

  async #after(last: Promise<unknown> | null): Promise<Next<Viewer>> {
    await last?.catch(() => {});
    return this.#step();
  }

  #step(): Promise<Next<Viewer>> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (!this.#isAsking) this.#look();
    });
  }

  /** Looks for what comes next, for who is waiting for it. */
  #look(): void {
    do {
      if (this.#answer()) return;
      this.#isNotified = false;
      const found = this.topic.nextFor(this);
      if (found instanceof Promise) {
        this.#lookAgainWith(found);
        return;
      }
      if (found && !this.#isEnded) this.#begin(found);
      else if (!this.#isNotified) return;
    } while (this.#waiting);
  }

  #lookAgainWith(finding: Promise<EventBatch | null>): void {
    this.#isAsking = true;
    void finding.then((found) => {
      this.#isAsking = false;
      if (found && !this.#isEnded) this.#begin(found);
      else if (!this.#isNotified) return;
      if (this.#waiting) this.#look();
    });
  }

  /** @returns whether nobody waits any more */
  #answer(): boolean {
    const waiting = this.#waiting;
    if (!waiting) return true;
    const value = this.#take();
    if (!value && !this.#isEnded) return false;
    this.#waiting = null;
    this.#asking--;
    if (value) waiting.resolve({ done: false, value });
    else if (this.#fault === null) waiting.resolve({ done: true, value: undefined });
    else {
      waiting.reject(this.#fault);
      this.#fault = null;
    }
    return true;
  }

  #begin(batch: EventBatch): void {
    this.#batch = batch;
    this.#index = 0;
    if (batch.number > 0) this.nextBatch = batch.number + 1;
    if (batch.presence > 0) this.presenceSeen = batch.presence;
  }

  /** The next of the batch under way that is for this viewer. */
  #take(): Delivery<Viewer> | null {
    const batch = this.#batch;
    if (!batch) return null;
    while (this.#index < batch.entries.length) {
      const { sequence, payload: told } = batch.entries[this.#index++] ?? { sequence: null, payload: null };
      if (sequence !== null) {
        if (sequence <= this.cursor) continue;
        this.cursor = sequence;
      }
      if (told !== null && this.topic.channel.isVisibleTo(this.viewer, told))
        return { cursor: String(this.cursor), event: told, viewer: this.viewer, shared: batch.shared };
    }
    this.#batch = null;
    return null;
  }
}
