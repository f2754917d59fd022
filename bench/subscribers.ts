import { WebSocket } from "ws";

/** The subscribers and their subscription. */
export interface SubscribersOptions {
  readonly port: number;
  /** One for each subscriber. */
  readonly tokens: readonly string[];
  /** The payload of `subscribe`. */
  readonly request: object;
}

/** A command for the subscribers' process. */
export type Command =
  | { readonly kind: "open"; readonly subscribers: SubscribersOptions }
  /** Answered when every subscriber has received so many messages. */
  | { readonly kind: "await"; readonly count: number }
  /** Answered with the arrivals of the messages from this one on, at each subscriber. */
  | { readonly kind: "arrivals"; readonly from: number };

/** Arrivals in milliseconds since 1970, with fractions, which is comparable between processes. */
export type Arrivals = readonly Float64Array[];

/** The text of every message begins with its number, from 0, and a space. */
const NUMBER = /"body":"(\d+) /;
const OPENED_AT_ONCE = 50;
const TIMEOUT_MS = 120_000;

const now = () => performance.timeOrigin + performance.now();

/** Subscribes like browsers, and records when each message arrives. */
class Subscribers {
  readonly #arrivals: Float64Array[] = [];
  readonly #received: number[] = [];
  #failure: Error | null = null;

  async open({ port, tokens, request }: SubscribersOptions): Promise<void> {
    const subscribe = JSON.stringify({ id: "1", type: "subscribe", payload: request });
    const waiting = [...tokens.entries()].values();
    const work = async () => {
      for (const [, token] of waiting) await this.#connect(port, token, subscribe);
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, work));
  }

  /** Resolves when the subscription has been requested. */
  #connect(port: number, token: string, subscribe: string): Promise<void> {
    const index = this.#received.push(0) - 1;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws", {
      perMessageDeflate: false,
    });
    const payload = { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      socket.once("open", () => socket.send(JSON.stringify({ type: "connection_init", payload })));
      socket.on("message", (data: Buffer) => {
        const text = data.toString("latin1");
        if (text.includes('"connection_ack"')) {
          socket.send(subscribe, () => resolve());
        } else if (text.includes('"type":"next"')) this.#record(index, text);
        else this.#failure ??= new Error(`a subscriber received: ${text}`);
      });
      socket.once("error", reject);
      socket.once("close", (code, reason) => {
        this.#failure ??= new Error(`a subscriber was cut off: ${code} ${reason}`);
      });
    });
  }

  /** Records a message, which must arrive exactly once and in order. */
  #record(index: number, text: string): void {
    const at = now();
    const number = Number(NUMBER.exec(text)?.[1] ?? Number.NaN);
    if (number !== this.#received[index]) {
      this.#failure ??= new Error(`subscriber ${index} lacks message ${this.#received[index]}: ${text}`);
      return;
    }
    this.#received[index] = number + 1;
    this.#arrivals[number] ??= new Float64Array(this.#received.length);
    const ofMessage = this.#arrivals[number];
    if (ofMessage) ofMessage[index] = at;
  }

  async haveAll(count: number): Promise<void> {
    const deadline = now() + TIMEOUT_MS;
    while (this.#received.some((received) => received < count)) {
      if (this.#failure) throw this.#failure;
      if (now() > deadline) throw new Error("not all messages were received in time");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (this.#failure) throw this.#failure;
  }

  arrivalsFrom(first: number): Arrivals {
    return this.#arrivals.slice(first);
  }
}

const subscribers = new Subscribers();

async function run(command: Command): Promise<Arrivals | null> {
  if (command.kind === "arrivals") return subscribers.arrivalsFrom(command.from);
  if (command.kind === "open") await subscribers.open(command.subscribers);
  else await subscribers.haveAll(command.count);
  return null;
}

process.on("message", (command: Command) => {
  run(command).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.once("disconnect", () => process.exit());
