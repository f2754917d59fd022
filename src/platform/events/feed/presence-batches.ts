import type { EventPayload, Signal } from "./channel.js";
import { PRESENCE_CHANGED } from "./channel.js";
import type { EventBatch } from "./event-batch.js";
import { createBatch } from "./event-batch.js";
import type { Person, Room } from "./presence.js";

export interface PresenceBatchesOptions {
  /** The number of the topic's newest event, which is the cursor of presence changes. */
  head(): number;
  toPayload(signal: Signal): Promise<EventPayload | null>;
}

/** Batches of presence changes, shared by subscribers that have seen the same version of the room. */
export class PresenceBatches {
  readonly #options: PresenceBatchesOptions;
  #current: { version: number; bySeen: Map<number, Promise<EventBatch>> } | null = null;

  constructor(options: PresenceBatchesOptions) {
    this.#options = options;
  }

  /** The changes since a version of the room. */
  since(room: Room, seen: number): Promise<EventBatch> {
    if (this.#current?.version !== room.version) this.#current = { version: room.version, bySeen: new Map() };
    const { bySeen } = this.#current;
    const shared = bySeen.get(seen);
    if (shared) return shared;
    const batch = this.#read(room, seen);
    batch.catch(() => bySeen.delete(seen));
    bySeen.set(seen, batch);
    return batch;
  }

  async #read(room: Room, seen: number): Promise<EventBatch> {
    const { version, changedAt } = room;
    const changed = [...room.persons.values()]
      .filter((person) => person.version > seen && (person.isOnline || seen > 0))
      .sort((one, other) => one.version - other.version);
    const payloads = await Promise.all(changed.map((person) => this.#payloadOf(person)));
    const batch = createBatch({ readAt: changedAt, from: this.#options.head(), events: [], payloads });
    return { ...batch, number: 0, presence: version };
  }

  #payloadOf(person: Person): Promise<EventPayload | null> {
    const { shown, isOnline } = person;
    if (person.payload) return person.payload;
    const payload = this.#options.toPayload({ type: PRESENCE_CHANGED, payload: { ...shown, isOnline } });
    payload.catch(() => {
      person.payload = null;
    });
    person.payload = payload;
    return payload;
  }
}
