import type { PresenceIdentity, PresenceMessage } from "../bus/event-bus.js";
import type { EventPayload } from "./channel.js";

/** A viewer who is, or was, present in a topic. */
export interface Person {
  readonly shown: PresenceIdentity;
  isOnline: boolean;
  /** The version of the room in which this person last changed. */
  version: number;
  /** The payload of that change; made for the first subscriber that needs it. */
  payload: Promise<EventPayload | null> | null;
}

interface KnownPerson extends Person {
  /** Number of its subscriptions in this process. */
  here: number;
  /** When each other process with this viewer last announced it. */
  elsewhere: Map<string, number> | null;
}

/** The viewers in a topic. A viewer who has gone stays in it until all subscribers have been informed. */
export interface Room {
  readonly persons: Map<string, Person>;
  /** Incremented with each change. */
  version: number;
  /** By `performance.now`. */
  changedAt: number;
}

interface KnownRoom extends Room {
  readonly persons: Map<string, KnownPerson>;
}

export interface PresenceOptions {
  announce(message: PresenceMessage): void;
  /** Called when a viewer has come or gone. */
  changed(topic: string): void;
  /** The room version that all subscribers of this process with presence have seen; infinite if there are none. */
  seenVersion(topic: string): number;
}

/** Presence in all processes, as far as this process knows it. */
export interface Presence {
  room(topic: string): Room | undefined;
  enter(topic: string, shown: PresenceIdentity): void;
  leave(topic: string, shown: PresenceIdentity): void;
  received(message: PresenceMessage, from: string): void;
  /** Announces all present viewers again: other processes forget viewers that are not announced. */
  announceAll(): void;
  /** Forgets viewers that no process has announced since a moment, by `performance.now`. */
  forget(before: number): void;
  count(): number;
}

/** How many viewers one message announces. */
const ANNOUNCED_AT_ONCE = 50;

export function createPresence({ announce, changed, seenVersion }: PresenceOptions): Presence {
  const rooms = new Map<string, KnownRoom>();

  function personIn(topic: string, shown: PresenceIdentity): KnownPerson {
    const room = rooms.get(topic) ?? { persons: new Map(), version: 0, changedAt: 0 };
    rooms.set(topic, room);
    const key = JSON.stringify(shown);
    const person = room.persons.get(key) ?? newPerson(shown);
    room.persons.set(key, person);
    return person;
  }

  /** Updates `isOnline` after a person has come to or left a process. */
  function updateOnline(topic: string, person: KnownPerson): void {
    const room = rooms.get(topic);
    const isOnline = person.here > 0 || (person.elsewhere?.size ?? 0) > 0;
    if (!room || isOnline === person.isOnline) return;
    room.version += 1;
    room.changedAt = performance.now();
    Object.assign(person, { isOnline, version: room.version, payload: null });
    changed(topic);
  }

  /**
   * Removes persons who have gone once all subscribers know. Called at intervals, because it visits all subscribers.
   */
  function removeDeparted(topic: string, room: KnownRoom): void {
    const seen = seenVersion(topic);
    for (const [key, { isOnline, version }] of room.persons)
      if (!isOnline && version <= seen) room.persons.delete(key);
    if (room.persons.size === 0 && seen === Number.POSITIVE_INFINITY) rooms.delete(topic);
  }

  function dropSource(topic: string, person: KnownPerson, from: string): void {
    if (person.elsewhere?.delete(from)) updateOnline(topic, person);
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
      updateOnline(topic, person);
    },
    leave(topic, shown) {
      const person = personIn(topic, shown);
      person.here -= 1;
      if (person.here === 0) announce({ kind: "left", topic, who: [shown] });
      updateOnline(topic, person);
    },
    received(message, from) {
      if (message.kind === "hello") announceAll();
      if (message.kind === "bye") forEach((topic, person) => dropSource(topic, person, from));
      if (message.kind !== "here" && message.kind !== "left") return;
      for (const shown of message.who) {
        const person = personIn(message.topic, shown);
        if (message.kind === "left") dropSource(message.topic, person, from);
        else {
          person.elsewhere ??= new Map();
          person.elsewhere.set(from, performance.now());
          updateOnline(message.topic, person);
        }
      }
    },
    announceAll,
    forget(before) {
      forEach((topic, person) => {
        for (const [from, at] of person.elsewhere ?? []) if (at < before) dropSource(topic, person, from);
      });
      for (const [topic, room] of rooms) removeDeparted(topic, room);
    },
    count: () => [...rooms.values()].reduce((sum, { persons }) => sum + persons.size, 0),
  };
}

const newPerson = (shown: PresenceIdentity): KnownPerson => ({
  shown,
  isOnline: false,
  version: 0,
  payload: null,
  here: 0,
  elsewhere: null,
});
