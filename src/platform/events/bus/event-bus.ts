import type { SentSignal } from "../log/record-event.js";

/** Ids that identify a viewer to other subscribers of a topic. */
export type PresenceIdentity = Readonly<Record<string, unknown>>;

/** Announces to other processes which viewers are present in a topic. */
export type PresenceMessage =
  | { readonly kind: "here" | "left"; readonly topic: string; readonly who: readonly PresenceIdentity[] }
  /** The process has begun to listen and asks the others to announce their viewers. */
  | { readonly kind: "hello" }
  /** The process stops. */
  | { readonly kind: "bye" };

/** A notification between processes. It may be lost: subscribers then read the event log a little later. */
export interface BusMessage {
  /** Topics that have new events in the log. */
  readonly topics: readonly string[];
  readonly signals: readonly SentSignal[];
  readonly presence: readonly PresenceMessage[];
}

export interface BusListener {
  /** @param from id of the sending process, which is never this one */
  received(message: BusMessage, from: string): void;
  /** Called when the bus begins to listen, and again after each reconnection: earlier messages may have been missed. */
  connected(): void;
}

/** Transports notifications between the processes of an installation. */
export interface EventBus {
  /** Sends a message to all other processes soon. Never fails: a message that cannot be sent is lost. */
  publish(message: Partial<BusMessage>): void;
  /** @throws if the first connection fails; later, lost connections are renewed */
  listen(listener: BusListener): Promise<void>;
  /**
   * Stops listening after all published messages have been sent. Messages that are published later may still be sent.
   */
  close(): Promise<void>;
}

/** A part of a message: a topic, a signal or a presence message. */
type Item = readonly ["t", string] | readonly ["s", SentSignal] | readonly ["p", PresenceMessage];

/** Collects messages until they are sent. */
export class PendingMessages {
  readonly #topics = new Set<string>();
  readonly #others: Item[] = [];

  get isEmpty(): boolean {
    return this.#topics.size === 0 && this.#others.length === 0;
  }

  add({ topics = [], signals = [], presence = [] }: Partial<BusMessage>): void {
    for (const topic of topics) this.#topics.add(topic);
    for (const signal of signals) this.#others.push(["s", signal]);
    for (const each of presence) this.#others.push(["p", each]);
  }

  /**
   * Removes everything and returns it as messages of at most `maxBytes`. A part that is larger by itself is dropped.
   */
  take(from: string, maxBytes: number): string[] {
    const items = [...[...this.#topics].map((topic): Item => ["t", topic]), ...this.#others];
    this.#topics.clear();
    this.#others.length = 0;
    const available = maxBytes - Buffer.byteLength(JSON.stringify([from]));
    const messages: string[] = [];
    let message: string[] = [];
    let size = 0;
    const finish = () => {
      if (message.length > 0) messages.push(`[${JSON.stringify(from)},${message.join(",")}]`);
      message = [];
      size = 0;
    };
    for (const text of items.map((item) => JSON.stringify(item))) {
      const bytes = Buffer.byteLength(text) + 1;
      if (bytes > available) continue;
      if (size + bytes > available) finish();
      message.push(text);
      size += bytes;
    }
    finish();
    return messages;
  }
}

/** Parses a message; null if it has another format. */
export function readMessage(text: string): { from: string; message: BusMessage } | null {
  try {
    const [from, ...items] = JSON.parse(text) as [string, ...Item[]];
    const topics: string[] = [];
    const signals: SentSignal[] = [];
    const presence: PresenceMessage[] = [];
    for (const item of items)
      if (item[0] === "t") topics.push(item[1]);
      else if (item[0] === "s") signals.push(item[1]);
      else if (item[0] === "p") presence.push(item[1]);
    return typeof from === "string" ? { from, message: { topics, signals, presence } } : null;
  } catch {
    return null;
  }
}
