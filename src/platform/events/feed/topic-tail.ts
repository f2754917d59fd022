import { FiledeskError } from "../../../kernel/errors.js";
import type { ShownAs } from "../bus/event-bus.js";
import { logIsGone } from "../log/cursor.errors.js";
import type { LoggedEvent, LogPosition } from "../log/event-log.repository.js";
import type { Channel, Signal, Told } from "./channel.js";
import { PRESENCE_CHANGED } from "./channel.js";
import type { Round, RoundEntry } from "./event-batch.js";
import { RecentRounds } from "./event-batch.js";
import type { FeedViewer } from "./feed.js";
import type { Person, Presence, Room } from "./presence.js";
import type { FollowedTopic, Follower } from "./subscriber.js";
import type { ViewerChecks } from "./viewer-checks.js";

export interface TailDeps<Viewer extends FeedViewer> {
  readonly checks: ViewerChecks<Viewer>;
  readonly presence: Presence;
  /** The next events behind a place; a full page says that there may be more. */
  readEvents(position: LogPosition): Promise<LoggedEvent[]>;
  /** Told of what failed and will be tried again. */
  failed(error: unknown): void;
  /** Told that nobody follows the topic any more. */
  emptied(topic: string): void;
}

export interface TopicTailOptions<Viewer extends FeedViewer> {
  readonly topic: string;
  readonly id: string;
  readonly channel: Channel<Viewer>;
  /** The number of its newest event, as it was read just now. */
  readonly head: number;
  readonly deps: TailDeps<Viewer>;
}

/** How many events are read at once. */
export const PAGE = 100;
/** Signals that come while others are told; of more, the oldest are dropped. */
const MAX_SIGNALS = 100;

/** The end of one topic's log, read once for all who follow it here. */
export class TopicTail<Viewer extends FeedViewer> implements FollowedTopic<Viewer> {
  readonly topic: string;
  readonly id: string;
  readonly channel: Channel<Viewer>;
  /** When all followers were last looked at, by `performance.now`. */
  checkedAt = performance.now();
  readonly #deps: TailDeps<Viewer>;
  /** With the ids by which they are shown. */
  readonly #followers = new Map<Follower<Viewer>, ShownAs | null>();
  /** Those that are told who comes and goes. */
  readonly #presenceFollowers = new Set<Follower<Viewer>>();
  /** Subscribers to whom something could not be delivered: they try again at the next tick. */
  readonly #stalled = new Set<Follower<Viewer>>();
  readonly #rounds = new RecentRounds();
  /** What followers read by themselves just now, by the place behind which they read. */
  readonly #pages = new Map<number, Promise<Round>>();
  #presenceRounds: { version: number; bySeen: Map<number, Promise<Round>> } | null = null;
  #signals: Signal[] = [];
  #head: number;
  #newest = 0;
  #isWoken = false;
  #isReading = false;

  constructor({ topic, id, channel, head, deps }: TopicTailOptions<Viewer>) {
    this.topic = topic;
    this.id = id;
    this.channel = channel;
    this.#head = head;
    this.#deps = deps;
  }

  get followers(): readonly Follower<Viewer>[] {
    return [...this.#followers.keys()];
  }

  get followerCount(): number {
    return this.#followers.size;
  }

  /** How many events and signals are kept. */
  get kept(): number {
    return this.#rounds.entries + this.#signals.length;
  }

  /** The round that somebody who comes now takes part in first. */
  get nextRound(): number {
    return this.#rounds.next;
  }

  add(follower: Follower<Viewer>, shown: ShownAs | null): void {
    this.#followers.set(follower, shown);
    if (follower.wantsPresence) this.#presenceFollowers.add(follower);
    if (shown) this.#deps.presence.enter(this.topic, shown);
  }

  leave(follower: Follower<Viewer>): void {
    const shown = this.#followers.get(follower);
    if (!this.#followers.delete(follower)) return;
    this.#presenceFollowers.delete(follower);
    this.#stalled.delete(follower);
    if (this.#followers.size === 0) this.#deps.emptied(this.topic);
    if (shown) this.#deps.presence.leave(this.topic, shown);
  }

  /** There may be new events. */
  wake(): void {
    this.#isWoken = true;
    void this.#read();
  }

  /** The log has been seen to reach up to here. */
  reaches(newest: number): void {
    this.#newest = newest;
    if (newest > this.#head) this.wake();
  }

  signal(signal: Signal): void {
    this.#signals.push(signal);
    if (this.#signals.length > MAX_SIGNALS) this.#signals.shift();
    this.wake();
  }

  /** Somebody has come or gone. */
  presenceChanged(): void {
    for (const follower of this.#presenceFollowers) follower.wake();
  }

  /** Which change of presence all who want to know have been told of. */
  presenceSeen(): number {
    let seen = Number.POSITIVE_INFINITY;
    for (const { presenceSeen } of this.#presenceFollowers) seen = Math.min(seen, presenceSeen);
    return seen;
  }

  /** Called now and then: tries again what failed, and forgets what is old. */
  tick(now: number): void {
    this.#rounds.trim(now);
    for (const follower of this.#stalled) follower.wake();
    this.#stalled.clear();
  }

  nextFor(follower: Follower<Viewer>): Round | null | Promise<Round | null> {
    const found = this.#find(follower);
    const isReady = !(found instanceof Promise) && (found === null || follower.checkedAt >= found.readAt);
    return isReady ? found : this.#checkedFor(follower, found);
  }

  async #checkedFor(
    follower: Follower<Viewer>,
    finding: Round | null | Promise<Round>,
  ): Promise<Round | null> {
    try {
      const round = await finding;
      if (round && follower.checkedAt < round.readAt) await this.#deps.checks.check([follower]);
      return round;
    } catch (error) {
      if (error instanceof FiledeskError) follower.end(error);
      else {
        this.#stalled.add(follower);
        this.#deps.failed(error);
      }
      return null;
    }
  }

  #find(follower: Follower<Viewer>): Promise<Round> | Round | null {
    const room = follower.wantsPresence ? this.#deps.presence.room(this.topic) : undefined;
    if (room && room.version > follower.presenceSeen) return this.#presenceRound(room, follower.presenceSeen);
    if (follower.nextRound < this.#rounds.oldest) follower.nextRound = this.#rounds.next;
    const shared = this.#rounds.get(follower.nextRound);
    return follower.cursor < (shared?.from ?? this.#head) ? this.#page(follower.cursor) : (shared ?? null);
  }

  /** What a follower that is behind reads by itself, or with those who stand at the same place just now. */
  #page(after: number): Promise<Round> {
    const underWay = this.#pages.get(after);
    if (underWay) return underWay;
    const page = this.#readPage(after).finally(() => this.#pages.delete(after));
    this.#pages.set(after, page);
    return page;
  }

  async #readPage(after: number): Promise<Round> {
    const events = await this.#deps.readEvents({ topic: this.topic, after });
    if (events[0]?.sequence !== after + 1) throw logIsGone(after);
    const readAt = performance.now();
    const told = await this.channel.tell(this.id, events);
    return { ...roundOf(readAt, after, events, told), number: 0 };
  }

  /** The same for all who have been told of as much. */
  #presenceRound(room: Room, seen: number): Promise<Round> {
    if (this.#presenceRounds?.version !== room.version)
      this.#presenceRounds = { version: room.version, bySeen: new Map() };
    const { bySeen } = this.#presenceRounds;
    const shared = bySeen.get(seen);
    if (shared) return shared;
    const round = this.#tellPresence(room, seen);
    round.catch(() => bySeen.delete(seen));
    bySeen.set(seen, round);
    return round;
  }

  async #tellPresence(room: Room, seen: number): Promise<Round> {
    const { version, changedAt } = room;
    const news = [...room.persons.values()]
      .filter((person) => person.version > seen && (person.isOnline || seen > 0))
      .sort((one, other) => one.version - other.version);
    const told = await Promise.all(news.map((person) => this.#tellPerson(person)));
    return { ...roundOf(changedAt, this.#head, [], told), number: 0, presence: version };
  }

  #tellPerson(person: Person): Promise<Told | null> {
    const { shown, isOnline } = person;
    if (person.told) return person.told;
    const told = this.#tellSignal({ type: PRESENCE_CHANGED, payload: { ...shown, isOnline } });
    told.catch(() => {
      person.told = null;
    });
    person.told = told;
    return told;
  }

  #tellSignal = async (signal: Signal): Promise<Told | null> =>
    (await this.channel.tellSignal?.(this.id, signal)) ?? null;

  /** One reading at a time; what wakes it meanwhile makes it read again. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isWoken && this.#followers.size > 0) {
        this.#isWoken = false;
        await this.#makeRound();
      }
    } catch (error) {
      // The next look finds that the log reaches further.
      this.#deps.failed(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #makeRound(): Promise<void> {
    const signals = this.#signals.splice(0);
    const events = await this.#deps.readEvents({ topic: this.topic, after: this.#head });
    const [first] = events;
    if (first ? first.sequence > this.#head + 1 : this.#newest > this.#head)
      return this.#skipTo(first ? first.sequence - 1 : this.#newest);
    if (events.length === 0 && signals.length === 0) return;
    const readAt = performance.now();
    const [told, toldSignals] = await Promise.all([
      events.length > 0 ? this.channel.tell(this.id, events) : [],
      Promise.all(signals.map(this.#tellSignal)),
      this.#deps.checks.check(this.#followers.keys()),
    ]);
    this.checkedAt = readAt;
    const round = roundOf(readAt, this.#head, events, [...told, ...toldSignals]);
    this.#rounds.push({ ...round, number: this.#rounds.next });
    this.#head = round.to;
    if (events.length === PAGE) this.#isWoken = true;
    for (const follower of this.#followers.keys()) follower.wake();
  }

  /** The log was pruned up to here before it was read: who has not read it by then never will. */
  #skipTo(sequence: number): void {
    this.#head = sequence;
    this.#rounds.clear();
    this.#isWoken = true;
    for (const follower of this.#followers.keys()) follower.wake();
  }
}

/** @param told of the events, and then of signals */
function roundOf(
  readAt: number,
  from: number,
  events: readonly LoggedEvent[],
  told: readonly (Told | null)[],
): Omit<Round, "number"> {
  const entries = told.map(
    (one, index): RoundEntry => ({ sequence: events[index]?.sequence ?? null, told: one }),
  );
  return { from, to: from + events.length, readAt, entries, presence: 0, shared: {} };
}
