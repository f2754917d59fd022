import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { BusMessage, EventBus } from "../../src/platform/events/bus/event-bus.js";
import { until } from "../support/feed-world.js";

/** What a run of the contract is about: as many processes as a test wants, on one carrier. */
export interface Transport {
  /** As a process of its own has it. */
  open(): EventBus;
  /** Ends all connections that listen, behind the back of those who have them. */
  cut(): Promise<unknown>;
  cleanup(): Promise<void>;
}

interface Listener {
  readonly wakes: EventBus;
  readonly heard: { readonly news: BusMessage; readonly from: string }[];
  /** How often it has begun to listen. */
  listened: number;
}

const signal = (index: number, text = "") => ({ topic: "room:1", type: "typing", payload: { index, text } });

/** What every carrier of wake-ups promises. */
export function describeEventBus(name: string, prepare: () => Promise<Transport>): void {
  describe(`the contract of wake-ups: ${name}`, () => {
    let carrier: Transport;
    const opened: EventBus[] = [];

    beforeAll(async () => {
      carrier = await prepare();
    });
    afterEach(async () => {
      for (const wakes of opened.splice(0)) await wakes.close();
    });
    afterAll(() => carrier.cleanup());

    const open = (): EventBus => {
      const wakes = carrier.open();
      opened.push(wakes);
      return wakes;
    };
    const listen = async (): Promise<Listener> => {
      const ears: Listener = { wakes: open(), heard: [], listened: 0 };
      await ears.wakes.listen({
        received: (news, from) => ears.heard.push({ news, from }),
        connected: () => {
          ears.listened += 1;
        },
      });
      await until(() => ears.listened === 1);
      return ears;
    };
    const topicsOf = ({ heard }: Listener) => heard.flatMap(({ news }) => news.topics);
    const indexesOf = ({ heard }: Listener) =>
      heard.flatMap(({ news }) => news.signals.map(({ payload }) => payload.index));

    it("brings to all others what is told, with who told it, and not to the teller", async () => {
      const [one, other, third] = [await listen(), await listen(), await listen()];
      const here = { kind: "here", topic: "room:1", who: [{ userId: "ä" }] } as const;
      one.wakes.publish({ topics: ["room:1"], signals: [signal(1)], presence: [here, { kind: "hello" }] });
      await until(() => [other, third].every(({ heard }) => heard.length > 0));
      expect(other.heard.map(({ news }) => news)).toEqual([
        { topics: ["room:1"], signals: [signal(1)], presence: [here, { kind: "hello" }] },
      ]);
      expect(third.heard).toEqual(other.heard);
      other.wakes.publish({ topics: ["room:2"] });
      await until(() => topicsOf(one).includes("room:2") && topicsOf(third).includes("room:2"));
      expect(topicsOf(one)).toEqual(["room:2"]);
      expect(new Set(third.heard.map(({ from }) => from)).size).toBe(2);
    });

    it("brings much at once whole and in order, without what is too large by itself", async () => {
      const [one, other] = [await listen(), await listen()];
      const topics = Array.from({ length: 2_000 }, (_, index) => `room:${index}`);
      const signals = Array.from({ length: 300 }, (_, index) => signal(index, "é".repeat(200)));
      const tooLarge = signal(-1, "é".repeat(100_000));
      one.wakes.publish({ topics: [...topics, ...topics], signals: [tooLarge, ...signals] });
      one.wakes.publish({ signals: [signal(300)] });
      await until(() => indexesOf(other).includes(300));
      expect(topicsOf(other)).toEqual(topics);
      expect(indexesOf(other)).toEqual(Array.from({ length: 301 }, (_, index) => index));
    });

    it("takes the first news of a process that does not listen itself", async () => {
      const ears = await listen();
      open().publish({ topics: ["room:1"] });
      await until(() => topicsOf(ears).includes("room:1"));
    });

    it("listens again after its connection was cut, and says so", async () => {
      const [one, other] = [await listen(), await listen()];
      await carrier.cut();
      await until(() => one.listened === 2 && other.listened === 2);
      one.wakes.publish({ topics: ["room:1"] });
      await until(() => topicsOf(other).includes("room:1"));
    });

    it("sends what it has before it closes, and then hears no more", async () => {
      const [one, other, third] = [await listen(), await listen(), await listen()];
      one.wakes.publish({ topics: ["room:1"] });
      await one.wakes.close();
      await until(() => topicsOf(other).includes("room:1"));
      other.wakes.publish({ topics: ["room:3"] });
      await until(() => topicsOf(third).includes("room:3"));
      expect(topicsOf(third)).toEqual(["room:1", "room:3"]);
      expect(one.heard).toEqual([]);
    });
  });
}
