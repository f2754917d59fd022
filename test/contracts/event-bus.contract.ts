import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { BusMessage, EventBus } from "../../src/platform/events/bus/event-bus.js";
import { until } from "../support/feed-world.js";

/** The subject of a run of the contract: any number of processes on one transport. */
export interface Transport {
  /** Opens the bus of a process. */
  open(): EventBus;
  /** Cuts all listening connections. */
  cut(): Promise<unknown>;
  cleanup(): Promise<void>;
}

interface BusConnection {
  readonly bus: EventBus;
  readonly received: { readonly message: BusMessage; readonly from: string }[];
  /** How often it has connected. */
  connections: number;
}

const signal = (index: number, text = "") => ({ topic: "room:1", type: "typing", payload: { index, text } });

/** What every event bus guarantees. */
export function describeEventBus(name: string, prepare: () => Promise<Transport>): void {
  describe(`the contract of an event bus: ${name}`, () => {
    let transport: Transport;
    const opened: EventBus[] = [];

    beforeAll(async () => {
      transport = await prepare();
    });
    afterEach(async () => {
      for (const bus of opened.splice(0)) await bus.close();
    });
    afterAll(() => transport.cleanup());

    const open = (): EventBus => {
      const bus = transport.open();
      opened.push(bus);
      return bus;
    };
    const listen = async (): Promise<BusConnection> => {
      const connection: BusConnection = { bus: open(), received: [], connections: 0 };
      await connection.bus.listen({
        received: (message, from) => connection.received.push({ message, from }),
        connected: () => {
          connection.connections += 1;
        },
      });
      await until(() => connection.connections === 1);
      return connection;
    };
    const topicsOf = ({ received }: BusConnection) => received.flatMap(({ message }) => message.topics);
    const indexesOf = ({ received }: BusConnection) =>
      received.flatMap(({ message }) => message.signals.map(({ payload }) => payload.index));

    it("delivers messages to all others, with the sender, and not to the sender", async () => {
      const [one, other, third] = [await listen(), await listen(), await listen()];
      const here = { kind: "here", topic: "room:1", who: [{ userId: "ä" }] } as const;
      one.bus.publish({ topics: ["room:1"], signals: [signal(1)], presence: [here, { kind: "hello" }] });
      await until(() => [other, third].every(({ received }) => received.length > 0));
      expect(other.received.map(({ message }) => message)).toEqual([
        { topics: ["room:1"], signals: [signal(1)], presence: [here, { kind: "hello" }] },
      ]);
      expect(third.received).toEqual(other.received);
      other.bus.publish({ topics: ["room:2"] });
      await until(() => topicsOf(one).includes("room:2") && topicsOf(third).includes("room:2"));
      expect(topicsOf(one)).toEqual(["room:2"]);
      expect(new Set(third.received.map(({ from }) => from)).size).toBe(2);
    });

    it("delivers many topics and signals at once completely and in order, without those that are too large", async () => {
      const [one, other] = [await listen(), await listen()];
      const topics = Array.from({ length: 2_000 }, (_, index) => `room:${index}`);
      const signals = Array.from({ length: 300 }, (_, index) => signal(index, "é".repeat(200)));
      const tooLarge = signal(-1, "é".repeat(100_000));
      one.bus.publish({ topics: [...topics, ...topics], signals: [tooLarge, ...signals] });
      one.bus.publish({ signals: [signal(300)] });
      await until(() => indexesOf(other).includes(300));
      expect(topicsOf(other)).toEqual(topics);
      expect(indexesOf(other)).toEqual(Array.from({ length: 301 }, (_, index) => index));
    });

    it("delivers the first message of a process that does not listen itself", async () => {
      const connection = await listen();
      open().publish({ topics: ["room:1"] });
      await until(() => topicsOf(connection).includes("room:1"));
    });

    it("reconnects after its connection was cut, and reports it", async () => {
      const [one, other] = [await listen(), await listen()];
      await transport.cut();
      await until(() => one.connections === 2 && other.connections === 2);
      one.bus.publish({ topics: ["room:1"] });
      await until(() => topicsOf(other).includes("room:1"));
    });

    it("sends pending messages before it closes, and receives none afterwards", async () => {
      const [one, other, third] = [await listen(), await listen(), await listen()];
      one.bus.publish({ topics: ["room:1"] });
      await one.bus.close();
      await until(() => topicsOf(other).includes("room:1"));
      other.bus.publish({ topics: ["room:3"] });
      await until(() => topicsOf(third).includes("room:3"));
      expect(topicsOf(third)).toEqual(["room:1", "room:3"]);
      expect(one.received).toEqual([]);
    });
  });
}
