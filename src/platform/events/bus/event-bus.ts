import type { SentSignal } from "../log/record-event.js";

/** Ids by which a viewer is shown to others. */
export type ShownAs = Readonly<Record<string, unknown>>;

/** What a process tells the others of who follows there. */
export type PresenceMessage =
  | { readonly kind: "here" | "left"; readonly topic: string; readonly who: readonly ShownAs[] }
  /** It has just begun to listen, and would like to know who is where. */
  | { readonly kind: "hello" }
  /** It stops. */
  | { readonly kind: "bye" };

/** Notifications between processes. They may be lost: the log is read without them too, only later. */
export interface BusMessage {
  /** Topics that have new events in the log. */
  readonly topics: readonly string[];
  readonly signals: readonly SentSignal[];
  readonly presence: readonly PresenceMessage[];
}

export interface BusListener {
  /** @param from the process that tells it, which is never this one */
  received(news: BusMessage, from: string): void;
  /** It listens now, for the first time or again: what was told before may not have been heard. */
  connected(): void;
}

/** Transports notifications between processes. */
export interface EventBus {
  /** Tells the others soon. Never fails: what could not be told is lost. */
  publish(news: Partial<BusMessage>): void;
  /** @throws when it cannot begin to; a connection that is lost later is made anew */
  listen(listener: BusListener): Promise<void>;
  /** Stops listening, once what was published has gone out. What still is to be published may be, all the same. */
  close(): Promise<void>;
}

/** Topics, signals, presence: what a message is made of. */
type Item = readonly ["t", string] | readonly ["s", SentSignal] | readonly ["p", PresenceMessage];

/** Collects news until they are sent. */
export class PendingMessages {
  readonly #topics = new Set<string>();
  readonly #others: Item[] = [];

  get isEmpty(): boolean {
    return this.#topics.size === 0 && this.#others.length === 0;
  }

  add({ topics = [], signals = [], presence = [] }: Partial<BusMessage>): void {
    for (const topic of topics) this.#topics.add(topic);
    for (const signal of signals) this.#others.push(["s", signal]);
    for (const news of presence) this.#others.push(["p", news]);
  }

  /** Takes everything out, in messages of so many bytes at most. What is larger by itself is left out. */
  take(from: string, maxBytes: number): string[] {
    const items = [...[...this.#topics].map((topic): Item => ["t", topic]), ...this.#others];
    this.#topics.clear();
    this.#others.length = 0;
    const room = maxBytes - Buffer.byteLength(JSON.stringify([from]));
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
      if (bytes > room) continue;
      if (size + bytes > room) finish();
      message.push(text);
      size += bytes;
    }
    finish();
    return messages;
  }
}

/** Reads a message; null for what is none of ours. */
export function readMessage(message: string): { from: string; news: BusMessage } | null {
  try {
    const [from, ...items] = JSON.parse(message) as [string, ...Item[]];
    const topics: string[] = [];
    const signals: SentSignal[] = [];
    const presence: PresenceMessage[] = [];
    for (const item of items)
      if (item[0] === "t") topics.push(item[1]);
      else if (item[0] === "s") signals.push(item[1]);
      else if (item[0] === "p") presence.push(item[1]);
    return typeof from === "string" ? { from, news: { topics, signals, presence } } : null;
  } catch {
    return null;
  }
}
