import { WebSocket } from "ws";

/** Who subscribes, and to what. */
export interface Crowd {
  readonly port: number;
  /** One for each subscriber. */
  readonly tokens: readonly string[];
  /** The payload of each one's `subscribe`. */
  readonly request: object;
}

/** What the process of the subscribers is asked for. */
export type Order =
  | { readonly kind: "open"; readonly crowd: Crowd }
  /** Answered when every subscriber has so many messages. */
  | { readonly kind: "await"; readonly count: number }
  /** When the messages from this one on arrived: of each message, at each subscriber. */
  | { readonly kind: "arrivals"; readonly from: number };

/** Arrivals in milliseconds since 1970, with fractions: the clock that other processes of the machine have too. */
export type Arrivals = readonly Float64Array[];

/** Every message begins its text with its number, from 0, and a space. */
const NUMBER = /"body":"(\d+) /;
const OPENED_AT_ONCE = 50;
const PATIENCE_MS = 120_000;

const now = () => performance.timeOrigin + performance.now();

/** Subscribes as browsers do, and writes down when each message came. */
class Subscribers {
  readonly #arrivals: Float64Array[] = [];
  readonly #received: number[] = [];
  #failure: Error | null = null;

  async open({ port, tokens, request }: Crowd): Promise<void> {
    const subscribe = JSON.stringify({ id: "1", type: "subscribe", payload: request });
    const waiting = [...tokens.entries()].values();
    const work = async () => {
      for (const [, token] of waiting) await this.#connect(port, token, subscribe);
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, work));
  }

  /** Resolves when it has asked for its subscription. */
  #connect(port: number, token: string, subscribe: string): Promise<void> {
    const place = this.#received.push(0) - 1;
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
        } else if (text.includes('"type":"next"')) this.#note(place, text);
        else this.#failure ??= new Error(`a subscriber was told: ${text}`);
      });
      socket.once("error", reject);
      socket.once("close", (code, reason) => {
        this.#failure ??= new Error(`a subscriber was cut off: ${code} ${reason}`);
      });
    });
  }

  /** Each message once, and in order: what is quick but wrong is not measured. */
  #note(place: number, text: string): void {
    const at = now();
    const number = Number(NUMBER.exec(text)?.[1] ?? Number.NaN);
    if (number !== this.#received[place]) {
      this.#failure ??= new Error(`subscriber ${place} lacks message ${this.#received[place]}: ${text}`);
      return;
    }
    this.#received[place] = number + 1;
    this.#arrivals[number] ??= new Float64Array(this.#received.length);
    const ofMessage = this.#arrivals[number];
    if (ofMessage) ofMessage[place] = at;
  }

  async haveAll(count: number): Promise<void> {
    const deadline = now() + PATIENCE_MS;
    while (this.#received.some((received) => received < count)) {
      if (this.#failure) throw this.#failure;
      if (now() > deadline) throw new Error("not everybody was told everything in time");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (this.#failure) throw this.#failure;
  }

  arrivalsFrom(first: number): Arrivals {
    return this.#arrivals.slice(first);
  }
}

const subscribers = new Subscribers();

async function obey(order: Order): Promise<Arrivals | null> {
  if (order.kind === "arrivals") return subscribers.arrivalsFrom(order.from);
  if (order.kind === "open") await subscribers.open(order.crowd);
  else await subscribers.haveAll(order.count);
  return null;
}

process.on("message", (order: Order) => {
  obey(order).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.once("disconnect", () => process.exit());
