import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import type { EventBus } from "../../../../src/platform/events/bus/event-bus.js";
import { recordSignal } from "../../../../src/platform/events/log/record-event.js";
import type { Collector, FeedServer, FeedWorld } from "../../../support/feed-world.js";
import { cursorsOf, startFeedWorld, typesOf, until } from "../../../support/feed-world.js";

// Two feeds in this process, each with connections of its own, stand for two servers on one database.
let world: FeedWorld;
let admin: postgres.Sql;

const withoutPublish = (bus: EventBus): EventBus => ({ ...bus, publish: () => {} });
const signal = (server: FeedServer, type: string) =>
  server.db.transaction(async (tx) => recordSignal(tx, { topic: world.topic, type, payload: { by: "p1" } }));

/** Ends the connections of this test's database that do this, and says how many there were. */
const cut = (what: string) => admin`
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = ${world.databaseName} and query ilike ${what}`;

describe("event feed servers", () => {
  beforeEach(async () => {
    world = await startFeedWorld();
    admin = postgres(process.env.TEST_DATABASE_URL!, { max: 1, onnotice: () => {} });
  });

  afterEach(async () => {
    await admin.end();
    await world.close();
  });

  describe("a message of the event bus", () => {
    it("may be lost: the next poll of the log delivers the event", async () => {
      const writing = await world.start({ change: withoutPublish });
      const reading = await world.start({ intervals: { pollMs: 50 } });
      const watcher = (await reading.subscribe()).run();
      await world.write(writing, "said");
      await world.write(writing, "said");
      await until(() => watcher.received.length === 2);
      expect(cursorsOf(watcher)).toEqual([1, 2]);
    });

    it("reaches servers whose listening connection was cut, and what they missed is read", async () => {
      const [writing, reading] = [await world.start(), await world.start()];
      const watcher = (await reading.subscribe()).run();
      await world.write(writing, "said");
      await until(() => watcher.received.length === 1);
      expect(await cut("listen%")).toHaveLength(2);
      await world.write(writing, "said");
      await until(() => watcher.received.length === 2);
      await until(async () => {
        await signal(writing, "typing");
        return typesOf(watcher).includes("typing");
      });
      expect(cursorsOf(watcher).slice(0, 2)).toEqual([1, 2]);
    });

    it("is sent again after an outage of the database, which is logged once", async () => {
      const server = await world.start({ intervals: { pollMs: 20, checkMs: 20 } });
      const watcher = (await server.subscribe()).run();
      await world.write(server, "said");
      const behind = await server.subscribe({ after: "0" });
      await until(() => watcher.received.length === 1);
      await admin.unsafe(`alter database ${world.databaseName} with allow_connections false`);
      await cut("%");
      behind.run();
      await until(() => world.lines.filter(({ msg }) => String(msg).includes("is retried")).length > 3);
      await admin.unsafe(`alter database ${world.databaseName} with allow_connections true`);
      await until(() => behind.received.length === 1);
      await until(async () => {
        await world.write(server, "back").catch(() => {});
        return typesOf(watcher).includes("back");
      });
      expect(cursorsOf(watcher)).toEqual(watcher.received.map((_, index) => index + 1));
      expect(world.lines.filter(({ level }) => Number(level) >= 40)).toHaveLength(1);
      expect(watcher.ending).toBeUndefined();
    });

    it("is still sent by a server that has closed its feed, for what it writes afterwards", async () => {
      const [ending, reading] = [await world.start(), await world.start()];
      const watcher = (await reading.subscribe()).run();
      await ending.feed.close();
      await world.write(ending, "last");
      await until(() => watcher.received.length === 1);
    });

    it("carries many signals at once, and is split where Postgres limits its length", async () => {
      const [writing, reading] = [await world.start(), await world.start()];
      const watcher = (await reading.subscribe()).run();
      await until(() => reading.feed.counts().present === 1 && writing.feed.counts().present === 1);
      world.statements.length = 0;
      await writing.db.transaction(async (tx) => {
        for (let index = 0; index < 60; index += 1)
          recordSignal(tx, { topic: world.topic, type: "typing", payload: { index, long: "é".repeat(300) } });
        recordSignal(tx, { topic: world.topic, type: "typing", payload: { tooLong: "é".repeat(5_000) } });
      });
      await until(() => watcher.received.length === 60);
      expect(watcher.received.map(({ event }) => (event as never as { index: number }).index)).toEqual(
        Array.from({ length: 60 }, (_, index) => index),
      );
      expect(world.statements.filter((text) => text.includes("pg_notify"))).toHaveLength(1);
    });
  });

  describe("a signal", () => {
    it("reaches the current subscribers on every server, with the cursor of the event before it", async () => {
      const [one, other] = [await world.start(), await world.start()];
      const watchers = [(await one.subscribe()).run(), (await other.subscribe()).run()];
      await world.write(one, "said");
      await until(() => watchers.every(({ received }) => received.length === 1));
      await signal(one, "typing");
      await until(() => watchers.every(({ received }) => received.length === 2));
      for (const watcher of watchers) {
        expect(typesOf(watcher)).toEqual(["said", "typing"]);
        expect(cursorsOf(watcher)).toEqual([1, 1]);
      }
      const late = (await other.subscribe({ after: "0" })).run();
      await world.write(one, "said");
      await until(() => late.received.length === 2);
      expect(typesOf(late)).toEqual(["said", "said"]);
    });
  });

  describe("presence", () => {
    const shown = ({ received }: Collector) =>
      received
        .map(({ event }) => event as never as { userId: string; isOnline: boolean })
        .map(({ userId, isOnline }) => `${isOnline ? "+" : "-"}${userId}`);
    const join = async (server: FeedServer, id: string, presence = true) =>
      (await server.subscribe({ viewer: { kind: "user", id }, presence })).run();

    it("is sent in full first, then as changes, over all servers, to subscribers that asked for it", async () => {
      const [one, other] = [await world.start(), await world.start()];
      const quiet = await join(one, "quiet", false);
      const ann = await join(one, "ann");
      await until(() => shown(ann).length === 2);
      expect(shown(ann).sort()).toEqual(["+ann", "+quiet"]);
      const bob = await join(other, "bob");
      await until(() => shown(ann).includes("+bob") && shown(bob).length === 3);
      expect(shown(bob).sort()).toEqual(["+ann", "+bob", "+quiet"]);

      const again = await join(one, "bob");
      await until(() => shown(again).length === 3);
      await bob.stream.return?.();
      await world.write(one, "said");
      await until(() => typesOf(ann).includes("said"));
      expect(shown(ann).filter((one) => one.endsWith("bob"))).toEqual(["+bob"]);
      await again.stream.return?.();
      await until(() => shown(ann).includes("-bob"));
      expect(typesOf(quiet)).toEqual(["said"]);
      expect(
        await other.feed.subscribe(
          { kind: "user", id: "cat" },
          { kind: "room", id: world.room },
          AbortSignal.abort(),
        ),
      ).toBeDefined();
    });

    it("is known to a server that starts later, and removed when a server stops", async () => {
      const one = await world.start();
      await join(one, "ann");
      const other = await world.start();
      await until(() => other.feed.counts().present === 1);
      const bob = await join(other, "bob");
      await until(() => shown(bob).length === 2);
      await one.feed.close();
      await until(() => shown(bob).includes("-ann"));
    });

    it("is removed for a server that no longer announces itself", async () => {
      let isMuted = false;
      const muted = await world.start({
        change: (bus) => ({ ...bus, publish: (batch) => !isMuted && bus.publish(batch) }),
      });
      const other = await world.start({ intervals: { announceMs: 100 } });
      const bob = await join(other, "bob");
      await join(muted, "ann");
      await until(() => shown(bob).includes("+ann"));
      isMuted = true;
      await until(() => shown(bob).includes("-ann"));
      expect(shown(bob)).toEqual(["+bob", "+ann", "-ann"]);
    });
  });
});
