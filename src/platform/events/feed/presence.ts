import type { PresenceMessage, ShownAs } from "../bus/event-bus.js";
import type { EventPayload } from "./channel.js";

/** A viewer who is, or was, present in a topic. */
export interface Person {
  readonly shown: ShownAs;
  isOnline: boolean;
  /** Which change of the topic's room was the last about this person. */
  version: number;
  /** What subscribers are told of that change; found out when the first of them is. */
  payload: Promise<EventPayload | null> | null;
}

interface KnownPerson extends Person {
  /** Number of its subscriptions in this process. */
  here: number;
  /** When each other process with this viewer has last announced it. */
  elsewhere: Map<string, number> | null;
}

/** The viewers in a topic. A viewer who has gone stays in it until all subscribers have been informed. */
export interface Room {
  readonly persons: Map<string, Person>;
  /** Counts the changes. */
  version: number;
  /** By `performance.now`. */
  changedAt: number;
}

interface KnownRoom extends Room {
  readonly persons: Map<string, KnownPerson>;
}

export interface PresenceOptions {
  announce(news: PresenceMessage): void;
  /** Somebody has come or gone. */
  changed(topic: string): void;
  /** Which change all subscribers here that want to know have been told of; infinite when there are none. */
  seenBy(topic: string): number;
}

/** Presence in all processes, as far as this process knows it. */
export interface Presence {
  room(topic: string): Room | undefined;
  enter(topic: string, shown: ShownAs): void;
  leave(topic: string, shown: ShownAs): void;
  received(news: PresenceMessage, from: string): void;
  /** Announces all present viewers again: other processes forget viewers that are not announced. */
  announceAll(): void;
  /** Forgets whom nobody has told of since a moment, by `performance.now`. */
  forget(before: number): void;
  count(): number;
}

/** So many fit into one message. */
const ANNOUNCED_AT_ONCE = 50;

export function createPresence({ announce, changed, seenBy }: PresenceOptions): Presence {
  const rooms = new Map<string, KnownRoom>();

  function personIn(topic: string, shown: ShownAs): KnownPerson {
    const room = rooms.get(topic) ?? { persons: new Map(), version: 0, changedAt: 0 };
    rooms.set(topic, room);
    const key = JSON.stringify(shown);
    const person = room.persons.get(key) ?? nobodyYet(shown);
    room.persons.set(key, person);
    return person;
  }

  /** After a change of where a person is. */
  function settle(topic: string, person: KnownPerson): void {
    const room = rooms.get(topic);
    const isOnline = person.here > 0 || (person.elsewhere?.size ?? 0) > 0;
    if (!room || isOnline === person.isOnline) return;
    room.version += 1;
    room.changedAt = performance.now();
    Object.assign(person, { isOnline, version: room.version, payload: null });
    changed(topic);
  }

  /** Removes who has gone, where everybody knows: now and then, since it takes a look at all who follow. */
  function tidy(topic: string, room: KnownRoom): void {
    const seen = seenBy(topic);
    for (const [key, { isOnline, version }] of room.persons)
      if (!isOnline && version <= seen) room.persons.delete(key);
    if (room.persons.size === 0 && seen === Number.POSITIVE_INFINITY) rooms.delete(topic);
  }

  function dropSource(topic: string, person: KnownPerson, from: string): void {
    if (person.elsewhere?.delete(from)) settle(topic, person);
  }

  function forEach(work: (topic: string, person: KnownPerson) => void): void {
    for (const [topic, room] of rooms) for (const person of room.persons.values()) work(topic, person);
  }

  function announceAll(): void {
    for (const [topic, room] of rooms) {
      const who = [...room.persons.values()].filter(({ here }) => here > 0).map(({ shown }) => shown);
      for (let start = 0; start < who.length; start += ANNOUNCED_AT_ONCE)
        announce({ kind: "here", topic, who: who.slice(start, start + ANNOUNCED_AT_ONCE) });
    }
  }

  return {
    room: (topic) => rooms.get(topic),
    enter(topic, shown) {
      const person = personIn(topic, shown);
      person.here += 1;
      if (person.here === 1) announce({ kind: "here", topic, who: [shown] });
      settle(topic, person);
    },
    leave(topic, shown) {
      const person = personIn(topic, shown);
      person.here -= 1;
      if (person.here === 0) announce({ kind: "left", topic, who: [shown] });
      settle(topic, person);
    },
    received(news, from) {
      if (news.kind === "hello") announceAll();
      if (news.kind === "bye") forEach((topic, person) => dropSource(topic, person, from));
      if (news.kind !== "here" && news.kind !== "left") return;
      for (const shown of news.who) {
        const person = personIn(news.topic, shown);
        if (news.kind === "left") dropSource(news.topic, person, from);
        else {
          person.elsewhere ??= new Map();
          person.elsewhere.set(from, performance.now());
          settle(news.topic, person);
        }
      }
    },
    announceAll,
    forget(before) {
      forEach((topic, person) => {
        for (const [from, at] of person.elsewhere ?? []) if (at < before) dropSource(topic, person, from);
      });
      for (const [topic, room] of rooms) tidy(topic, room);
    },
    count: () => [...rooms.values()].reduce((sum, { persons }) => sum + persons.size, 0),
  };
}

const nobodyYet = (shown: ShownAs): KnownPerson => ({
  shown,
  isOnline: false,
  version: 0,
  payload: null,
  here: 0,
  elsewhere: null,
});
