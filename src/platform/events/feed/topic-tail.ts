import { FiledeskError } from "../../../kernel/errors.js";
import type { PresenceIdentity } from "../bus/event-bus.js";
import { logIsGone } from "../log/cursor.errors.js";
import type { LogPosition, ReadEvent } from "../log/event-log.repository.js";
import type { Channel, EventPayload, Signal } from "./channel.js";
import type { EventBatch } from "./event-batch.js";
import { createBatch, RecentBatches } from "./event-batch.js";
import type { FeedViewer } from "./feed.js";
import { PAGE } from "./log-reader.js";
import type { Presence } from "./presence.js";
import { PresenceBatches } from "./presence-batches.js";
import type { SubscribedTopic, Subscriber } from "./subscriber.js";
import type { ViewerChecks } from "./viewer-checks.js";

export interface TailDeps<Viewer extends FeedViewer> {
  readonly checks: ViewerChecks<Viewer>;
  readonly presence: Presence;
  /** The next events after a position; after a full page there may be more. */
  readEvents(position: LogPosition): Promise<ReadEvent[]>;
  /** Called with failures that are retried. */
  failed(error: unknown): void;
  /** Called with the lag of each new event, when it is handed to the subscribers. */
  delivered(lagSeconds: number): void;
  /** Called when the topic has no subscribers any more. */
  emptied(topic: string): void;
}

export interface TopicTailOptions<Viewer extends FeedViewer> {
  readonly topic: string;
  readonly id: string;
  readonly channel: Channel<Viewer>;
  /** The number of its newest event, just read. */
  readonly head: number;
  readonly deps: TailDeps<Viewer>;
}

/** How many signals wait at most; then the oldest are dropped. */
const MAX_SIGNALS = 100;

/**
 * The end of one topic's log, read once for all subscribers of this process.
 *
 * A subscriber is brought from replay to live events in three steps:
 * 1. It starts with its cursor and the number of the next shared batch.
 * 2. While the cursor is behind the shared batches, `#page` reads the log for it, together with others at the same
 *    position.
 * 3. Once it has reached the start of a shared batch, it gets the shared batches, which are read once for all.
 */
export class TopicTail<Viewer extends FeedViewer> implements SubscribedTopic<Viewer> {
  readonly topic: string;
  readonly id: string;
  readonly channel: Channel<Viewer>;
  /** When all subscribers were last checked, by `performance.now`. */
  checkedAt = performance.now();
  readonly #deps: TailDeps<Viewer>;
  /** With the ids that identify them to others; null if their presence is not shown. */
  readonly #subscribers = new Map<Subscriber<Viewer>, PresenceIdentity | null>();
  /** Those that get changes of presence. */
  readonly #presenceSubscribers = new Set<Subscriber<Viewer>>();
  /** Subscribers whose delivery failed; retried at the next tick. */
  readonly #stalled = new Set<Subscriber<Viewer>>();
  readonly #batches = new RecentBatches();
  /** Pages that are being read for subscribers that are behind, by their position. */
  readonly #pages = new Map<number, Promise<EventBatch>>();
  readonly #presenceBatches = new PresenceBatches({
    head: () => this.#head,
    toPayload: (signal) => this.#payloadOfSignal(signal),
  });
  #signals: Signal[] = [];
  #head: number;
  #newest = 0;
  #isNotified = false;
  #isReading = false;

  constructor({ topic, id, channel, head, deps }: TopicTailOptions<Viewer>) {
    this.topic = topic;
    this.id = id;
    this.channel = channel;
    this.#head = head;
    this.#deps = deps;
  }

  get subscribers(): readonly Subscriber<Viewer>[] {
    return [...this.#subscribers.keys()];
  }

  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  /** How many events and signals are kept. */
  get buffered(): number {
    return this.#batches.entries + this.#signals.length;
  }

  /** The first shared batch of a new subscriber. */
  get nextBatch(): number {
    return this.#batches.next;
  }

  add(subscriber: Subscriber<Viewer>, shown: PresenceIdentity | null): void {
    this.#subscribers.set(subscriber, shown);
    if (subscriber.wantsPresence) this.#presenceSubscribers.add(subscriber);
    if (shown) this.#deps.presence.enter(this.topic, shown);
  }

  leave(subscriber: Subscriber<Viewer>): void {
    const shown = this.#subscribers.get(subscriber);
    if (!this.#subscribers.delete(subscriber)) return;
    this.#presenceSubscribers.delete(subscriber);
    this.#stalled.delete(subscriber);
    if (this.#subscribers.size === 0) this.#deps.emptied(this.topic);
    if (shown) this.#deps.presence.leave(this.topic, shown);
  }

  /** Called when there may be new events. */
  notify(): void {
    this.#isNotified = true;
    void this.#read();
  }

  /** Called with the newest number that was found in the log. */
  headObserved(newest: number): void {
    this.#newest = newest;
    if (newest > this.#head) this.notify();
  }

  signal(signal: Signal): void {
    this.#signals.push(signal);
    if (this.#signals.length > MAX_SIGNALS) this.#signals.shift();
    this.notify();
  }

  /** Called when a viewer has come or gone. */
  presenceChanged(): void {
    for (const subscriber of this.#presenceSubscribers) subscriber.notify();
  }

  /** The presence version that all subscribers with presence have seen. */
  presenceSeen(): number {
    let seen = Number.POSITIVE_INFINITY;
    for (const { presenceSeen } of this.#presenceSubscribers) seen = Math.min(seen, presenceSeen);
    return seen;
  }

  /** Called at intervals: retries failed deliveries and drops old batches. */
  tick(now: number): void {
    this.#batches.trim(now);
    for (const subscriber of this.#stalled) subscriber.notify();
    this.#stalled.clear();
  }

  nextFor(subscriber: Subscriber<Viewer>): EventBatch | null | Promise<EventBatch | null> {
    const found = this.#findBatch(subscriber);
    const isReady = !(found instanceof Promise) && (found === null || subscriber.checkedAt >= found.readAt);
    return isReady ? found : this.#checkedFor(subscriber, found);
  }

  async #checkedFor(
    subscriber: Subscriber<Viewer>,
    pending: EventBatch | null | Promise<EventBatch>,
  ): Promise<EventBatch | null> {
    try {
      const batch = await pending;
      if (batch && subscriber.checkedAt < batch.readAt) await this.#deps.checks.check([subscriber]);
      return batch;
    } catch (error) {
      if (error instanceof FiledeskError) subscriber.end(error);
      else {
        this.#stalled.add(subscriber);
        this.#deps.failed(error);
      }
      return null;
    }
  }

  #findBatch(subscriber: Subscriber<Viewer>): Promise<EventBatch> | EventBatch | null {
    const room = subscriber.wantsPresence ? this.#deps.presence.room(this.topic) : undefined;
    if (room && room.version > subscriber.presenceSeen)
      return this.#presenceBatches.since(room, subscriber.presenceSeen);
    if (subscriber.nextBatch < this.#batches.oldest) subscriber.nextBatch = this.#batches.next;
    const shared = this.#batches.get(subscriber.nextBatch);
    return subscriber.cursor < (shared?.from ?? this.#head)
      ? this.#page(subscriber.cursor)
      : (shared ?? null);
  }

  /** The page after a position, shared by all subscribers that read it at the same time. */
  #page(after: number): Promise<EventBatch> {
    const underWay = this.#pages.get(after);
    if (underWay) return underWay;
    const page = this.#readPage(after).finally(() => this.#pages.delete(after));
    this.#pages.set(after, page);
    return page;
  }

  async #readPage(after: number): Promise<EventBatch> {
    const events = await this.#deps.readEvents({ topic: this.topic, after });
    if (events[0]?.sequence !== after + 1) throw logIsGone(after);
    const readAt = performance.now();
    const payloads = await this.channel.toPayloads(this.id, events);
    return { ...createBatch({ readAt, from: after, events, payloads }), number: 0 };
  }

  #payloadOfSignal = async (signal: Signal): Promise<EventPayload | null> =>
    (await this.channel.toSignalPayload?.(this.id, signal)) ?? null;

  /** Reads one batch after the other until there is no notification left. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isNotified && this.#subscribers.size > 0) {
        this.#isNotified = false;
        await this.#makeBatch();
      }
    } catch (error) {
      // The next poll finds the newer events.
      this.#deps.failed(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #makeBatch(): Promise<void> {
    const signals = this.#signals.splice(0);
    const events = await this.#deps.readEvents({ topic: this.topic, after: this.#head });
    const [first] = events;
    if (first ? first.sequence > this.#head + 1 : this.#newest > this.#head)
      return this.#skipPruned(first ? first.sequence - 1 : this.#newest);
    if (events.length === 0 && signals.length === 0) return;
    const readAt = performance.now();
    const [payloads, signalPayloads] = await Promise.all([
      events.length > 0 ? this.channel.toPayloads(this.id, events) : [],
      Promise.all(signals.map(this.#payloadOfSignal)),
      this.#deps.checks.check(this.#subscribers.keys()),
    ]);
    this.checkedAt = readAt;
    const batch = createBatch({
      readAt,
      from: this.#head,
      events,
      payloads: [...payloads, ...signalPayloads],
    });
    this.#batches.push({ ...batch, number: this.#batches.next });
    this.#head = batch.to;
    if (events.length === PAGE) this.#isNotified = true;
    for (const subscriber of this.#subscribers.keys()) subscriber.notify();
    const sinceRead = (performance.now() - readAt) / 1_000;
    for (const { ageSeconds } of events) this.#deps.delivered(ageSeconds + sinceRead);
  }

  /**
   * Continues after events that were pruned before this process read them. Subscribers that have not got them end with
   * GONE.
   */
  #skipPruned(sequence: number): void {
    this.#head = sequence;
    this.#batches.clear();
    this.#isNotified = true;
    for (const subscriber of this.#subscribers.keys()) subscriber.notify();
  }
}
