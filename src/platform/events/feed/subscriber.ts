import type { Channel, Delivery } from "./channel.js";
import type { EventBatch } from "./event-batch.js";
import type { FeedViewer } from "./feed.js";

/** What a subscriber needs of its topic. */
export interface SubscribedTopic<Viewer extends FeedViewer> {
  readonly id: string;
  readonly channel: Channel<Viewer>;
  /**
   * The next batch for this subscriber, whose access has been checked; null if there is none now. Synchronous if
   * possible, which saves a promise for each subscriber and event. Never fails.
   */
  nextFor(subscriber: Subscriber<Viewer>): EventBatch | null | Promise<EventBatch | null>;
  leave(subscriber: Subscriber<Viewer>): void;
}

export interface SubscriberOptions<Viewer extends FeedViewer> {
  readonly topic: SubscribedTopic<Viewer>;
  readonly viewer: Viewer;
  /** The number of the last event that it has. */
  readonly cursor: number;
  /** When its viewer was last checked, by `performance.now`. */
  readonly checkedAt: number;
  /** The first shared batch of the topic that it gets. */
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
  #isFetching = false;
  /** The call of `next` that waits for a delivery. */
  #waiter: { resolve(result: Next<Viewer>): void; reject(fault: unknown): void } | null = null;
  /** The number of unfinished calls of `next`, and the last of them. */
  #pendingCalls = 0;
  #lastCall: Promise<unknown> | null = null;

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

  /** Handles the signal's `abort` event: an object as listener needs no closure for each subscriber. */
  handleEvent(): void {
    this.end();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Called when there may be something to deliver. */
  notify(): void {
    this.#isNotified = true;
    if (this.#waiter && !this.#isFetching) this.#pull();
  }

  /** Ends the subscription. With a fault, the pending or next call of `next` fails with it. */
  end(fault: unknown = null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#fault = fault;
    this.#batch = null;
    this.#signal.removeEventListener("abort", this);
    this.topic.leave(this);
    this.notify();
  }

  /** Concurrent calls are served one after the other. */
  next(): Promise<Next<Viewer>> {
    const next = this.#pendingCalls++ === 0 ? this.#request() : this.#afterCall(this.#lastCall);
    this.#lastCall = next;
    return next;
  }

  async return(): Promise<Next<Viewer>> {
    this.end();
    return { done: true, value: undefined };
  }

  async #afterCall(previous: Promise<unknown> | null): Promise<Next<Viewer>> {
    await previous?.catch(() => {});
    return this.#request();
  }

  #request(): Promise<Next<Viewer>> {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      if (!this.#isFetching) this.#pull();
    });
  }

  /** Fetches batches until the waiting call is settled or there is nothing to deliver. */
  #pull(): void {
    do {
      if (this.#settle()) return;
      this.#isNotified = false;
      const found = this.topic.nextFor(this);
      if (found instanceof Promise) {
        this.#pullAfter(found);
        return;
      }
      if (found && !this.#isEnded) this.#startBatch(found);
      else if (!this.#isNotified) return;
    } while (this.#waiter);
  }

  #pullAfter(pending: Promise<EventBatch | null>): void {
    this.#isFetching = true;
    void pending.then((found) => {
      this.#isFetching = false;
      if (found && !this.#isEnded) this.#startBatch(found);
      else if (!this.#isNotified) return;
      if (this.#waiter) this.#pull();
    });
  }

  /** @returns whether no call waits any more */
  #settle(): boolean {
    const waiting = this.#waiter;
    if (!waiting) return true;
    const value = this.#nextDelivery();
    if (!value && !this.#isEnded) return false;
    this.#waiter = null;
    this.#pendingCalls--;
    if (value) waiting.resolve({ done: false, value });
    else if (this.#fault === null) waiting.resolve({ done: true, value: undefined });
    else {
      waiting.reject(this.#fault);
      this.#fault = null;
    }
    return true;
  }

  #startBatch(batch: EventBatch): void {
    this.#batch = batch;
    this.#index = 0;
    if (batch.number > 0) this.nextBatch = batch.number + 1;
    if (batch.presence > 0) this.presenceSeen = batch.presence;
  }

  /** The next entry of the current batch that is visible to this viewer. */
  #nextDelivery(): Delivery<Viewer> | null {
    const batch = this.#batch;
    if (!batch) return null;
    while (this.#index < batch.entries.length) {
      const { sequence, payload } = batch.entries[this.#index++] ?? { sequence: null, payload: null };
      if (sequence !== null) {
        if (sequence <= this.cursor) continue;
        this.cursor = sequence;
      }
      if (payload !== null && this.topic.channel.isVisibleTo(this.viewer, payload))
        return { cursor: String(this.cursor), event: payload, viewer: this.viewer, shared: batch.shared };
    }
    this.#batch = null;
    return null;
  }
}
