import DataLoader from "dataloader";
import type { Logger } from "pino";
import { notFound } from "../../../kernel/errors.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../database/client.js";
import type { BusMessage, EventBus, PresenceMessage } from "../bus/event-bus.js";
import { resolvePosition } from "../log/log-position.js";
import type { Committed } from "../log/record-event.js";
import { changedViewer } from "../log/viewer-changed.js";
import type { Channel, SubscribeRequest } from "./channel.js";
import type { EventFeed, FeedCounts, FeedViewer, ViewerSource } from "./feed.js";
import type { FeedIntervals } from "./feed-intervals.js";
import { DEFAULT_INTERVALS, every } from "./feed-intervals.js";
import type { LogReader } from "./log-reader.js";
import { createLogReader } from "./log-reader.js";
import { createPresence } from "./presence.js";
import { Subscriber } from "./subscriber.js";
import { throttledWarning } from "./throttled-warning.js";
import type { TailDeps } from "./topic-tail.js";
import { TopicTail } from "./topic-tail.js";
import type { ViewerChecks } from "./viewer-checks.js";
import { createViewerChecks } from "./viewer-checks.js";

/** After this many missed announcements, a viewer of another process counts as gone. */
const MISSED_ANNOUNCEMENTS = 2.25;
/**
 * Every this many checks, all viewers of a topic without events are checked, not only those whose rights are known to
 * have changed.
 */
const FULL_CHECK_EVERY = 12;

export interface EventFeedOptions {
  readonly db: Database;
  readonly bus: EventBus;
  readonly log: Logger;
  readonly intervals?: FeedIntervals;
  /** Called with the lag of each event that is delivered, in seconds from the begin of its transaction. */
  readonly onDelivered?: ((lagSeconds: number) => void) | undefined;
}

/** Creates a feed on the event log of this database. Other processes notify it through the event bus. */
export const createEventFeed = <Viewer extends FeedViewer>(options: EventFeedOptions): EventFeed<Viewer> =>
  new LogFeed(options);

class LogFeed<Viewer extends FeedViewer> implements EventFeed<Viewer> {
  readonly #options: EventFeedOptions;
  readonly #intervals: FeedIntervals;
  readonly #channels = new Map<string, Channel<Viewer>>();
  readonly #tails = new Map<string, TopicTail<Viewer>>();
  readonly #eventLog: LogReader;
  readonly #logFault: (error: unknown) => void;
  readonly #presence = createPresence({
    announce: (message) => this.#announce(message),
    changed: (topic) => this.#tails.get(topic)?.presenceChanged(),
    seenVersion: (topic) => this.#tails.get(topic)?.presenceSeen() ?? Number.POSITIVE_INFINITY,
  });
  #checks: ViewerChecks<Viewer> | null = null;
  #reloads: DataLoader<Viewer, Viewer> | null = null;
  #timers: NodeJS.Timeout[] = [];
  #isClosed = false;
  /** When the log was last read for all topics. */
  #readAt = performance.now();

  constructor(options: EventFeedOptions) {
    const { db, log, intervals = DEFAULT_INTERVALS } = options;
    this.#options = options;
    this.#intervals = intervals;
    this.#logFault = throttledWarning(log);
    this.#eventLog = createLogReader(db);
  }

  notify = ({ topics, signals }: Committed): void => {
    this.#receive({ topics, signals });
    this.#options.bus.publish({ topics, signals });
  };

  async open({
    channels,
    viewers,
  }: {
    channels: readonly Channel<Viewer>[];
    viewers: ViewerSource<Viewer>;
  }): Promise<void> {
    for (const channel of channels) this.#channels.set(channel.kind, channel);
    this.#checks = createViewerChecks(viewers);
    this.#reloads = new DataLoader((known) => viewers.reload(known), { cache: false });
    await this.#options.bus.listen({
      received: (message, from) => {
        this.#receive(message);
        for (const each of message.presence) this.#presence.received(each, from);
      },
      connected: () => {
        this.#announce({ kind: "hello" });
        this.#presence.announceAll();
        void this.#poll();
      },
    });
    const { pollMs, checkMs, announceMs } = this.#intervals;
    this.#timers = [
      every(pollMs, this.#poll),
      every(checkMs, this.#checkViewers),
      setInterval(this.#announceAgain, announceMs).unref(),
    ];
  }

  async subscribe(
    viewer: Viewer,
    { kind, id, after, presence = false }: SubscribeRequest,
    signal: AbortSignal,
  ): Promise<Subscriber<Viewer>> {
    if (!this.#reloads) throw new Error("the feed has to be opened before anybody can subscribe");
    const channel = this.#channels.get(kind);
    if (!channel || !isId(id)) throw notFound("topic");
    const checkedAt = performance.now();
    const known = await this.#reloads.load(viewer);
    await channel.admit(known, id);
    const topic = `${kind}:${id}`;
    const bounds = await this.#eventLog.boundsOf(topic);
    const cursor = resolvePosition(bounds, after);
    const tail = this.#tailOf(topic, channel, bounds.newest);
    const { nextBatch } = tail;
    const options = { topic: tail, viewer: known, cursor, checkedAt, nextBatch, signal };
    const subscriber = new Subscriber<Viewer>({ ...options, wantsPresence: presence });
    tail.add(subscriber, channel.presenceOf?.(known) ?? null);
    if (signal.aborted || this.#isClosed) subscriber.end();
    return subscriber;
  }

  counts(): FeedCounts {
    const tails = [...this.#tails.values()];
    return {
      topics: tails.length,
      subscribers: tails.reduce((sum, { subscriberCount }) => sum + subscriberCount, 0),
      buffered: tails.reduce((sum, { buffered }) => sum + buffered, 0),
      present: this.#presence.count(),
      unreadMs: tails.length === 0 ? 0 : performance.now() - this.#readAt,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#announce({ kind: "bye" });
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const subscriber of this.#subscribers()) subscriber.end();
    await this.#options.bus.close();
  }

  #subscribers = (): Subscriber<Viewer>[] =>
    [...this.#tails.values()].flatMap(({ subscribers }) => subscribers);

  #tailOf(topic: string, channel: Channel<Viewer>, head: number): TopicTail<Viewer> {
    const found = this.#tails.get(topic);
    if (found) return found;
    const tail = new TopicTail({
      topic,
      id: topic.slice(channel.kind.length + 1),
      channel,
      head,
      deps: this.#deps(),
    });
    this.#tails.set(topic, tail);
    // Events that were committed after its head was read have notified no tail here.
    setImmediate(() => tail.notify());
    return tail;
  }

  #deps(): TailDeps<Viewer> {
    if (!this.#checks) throw new Error("the feed has to be opened before anybody can subscribe");
    return {
      checks: this.#checks,
      presence: this.#presence,
      readEvents: (position) => this.#eventLog.eventsAfter(position),
      failed: this.#logFault,
      delivered: this.#options.onDelivered ?? (() => {}),
      emptied: (topic) => this.#tails.delete(topic),
    };
  }

  #receive({ topics, signals }: Pick<BusMessage, "topics" | "signals">): void {
    for (const topic of topics) this.#tails.get(topic)?.notify();
    for (const { topic, type, payload } of signals) {
      const changed = changedViewer(topic);
      if (changed === null) this.#tails.get(topic)?.signal({ type, payload });
      else this.#checkViewer(changed);
    }
  }

  #checkViewer(id: string): void {
    const subscribers = this.#subscribers().filter(
      ({ viewer }) => viewer.id === id || viewer.createdBy === id,
    );
    if (subscribers.length > 0) this.#checks?.check(subscribers).catch(this.#logFault);
  }

  /** Sends a presence message to the other processes, unless no channel has presence. */
  #announce(message: PresenceMessage): void {
    if (this.#isClosed || ![...this.#channels.values()].some(({ presenceOf }) => presenceOf)) return;
    this.#options.bus.publish({ presence: [message] });
  }

  #announceAgain = (): void => {
    this.#presence.announceAll();
    this.#presence.forget(performance.now() - MISSED_ANNOUNCEMENTS * this.#intervals.announceMs);
  };

  /** Checks, in one statement, for events whose notification was lost. */
  #poll = async (): Promise<void> => {
    try {
      const tails = [...this.#tails.values()];
      for (const tail of tails) tail.tick(performance.now());
      const newest = tails.length === 0 ? [] : await this.#eventLog.newestOf(tails.map(({ topic }) => topic));
      this.#readAt = performance.now();
      tails.forEach((tail, index) => {
        tail.headObserved(newest[index] ?? 0);
      });
    } catch (error) {
      this.#logFault(error);
    }
  };

  /** Finds viewers who have lost access without an event. */
  #checkViewers = async (): Promise<void> => {
    try {
      await this.#checks?.checkChanged(this.#subscribers());
      const before = performance.now() - FULL_CHECK_EVERY * this.#intervals.checkMs;
      for (const tail of [...this.#tails.values()].filter(({ checkedAt }) => checkedAt < before)) {
        tail.checkedAt = performance.now();
        await this.#checks?.check(tail.subscribers);
      }
    } catch (error) {
      this.#logFault(error);
    }
  };
}
