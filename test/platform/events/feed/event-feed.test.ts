import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { sql } from "drizzle-orm";
import { newId } from "../../../../src/kernel/ids.js";
import { listEventCursors } from "../../../../src/platform/events/log/event-log.repository.js";
import { pruneEvents } from "../../../../src/platform/events/log/prune-events.js";
import { recordEvent, recordSignal } from "../../../../src/platform/events/log/record-event.js";
import type { Collector, FeedWorld } from "../../../support/feed-world.js";
import { cursorsOf, startFeedWorld, times, typesOf, until } from "../../../support/feed-world.js";

let world: FeedWorld;

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);

describe("event feed", () => {
  beforeEach(async () => {
    world = await startFeedWorld();
  });

  afterEach(() => world.close());

  describe("an event", () => {
    it("is delivered in one order, without gaps, to every subscriber on every server, while twenty write", async () => {
      const [one, other] = [await world.start(), await world.start()];
      const watchers = [
        ...(await times(3, () => one.subscribe())),
        ...(await times(3, () => other.subscribe())),
      ].map((watcher) => watcher.run());
      await times(20, async (writer) => {
        for (let index = 0; index < 10; index += 1)
          await world.write(writer % 2 ? one : other, "said", { writer, index });
      });
      await until(() => watchers.every(({ received }) => received.length === 200));
      for (const watcher of watchers) {
        expect(cursorsOf(watcher)).toEqual(upTo(200));
        expect(watcher.received.map(({ event }) => event)).toEqual(
          watchers[0]!.received.map(({ event }) => event),
        );
      }
    });

    it("is delivered exactly once from any cursor, while others are written", async () => {
      const [one, other] = [await world.start(), await world.start()];
      const watchers: { after: number; watcher: Collector }[] = [];
      const writing = times(4, async () => {
        for (let index = 0; index < 60; index += 1) await world.write(other, "said");
      });
      for (let after = 0; after < 120; after += 3) {
        await until(async () => Number((await listEventCursors(one.db, [world.topic]))[0]) >= after);
        watchers.push({ after, watcher: (await one.subscribe({ after: String(after) })).run() });
      }
      await writing;
      await until(() => watchers.every(({ watcher }) => cursorsOf(watcher).at(-1) === 240));
      for (const { after, watcher } of watchers)
        expect(cursorsOf(watcher)).toEqual(upTo(240 - after, after + 1));
    });

    it("rolls back its transaction when it cannot be recorded", async () => {
      const server = await world.start();
      const watcher = (await server.subscribe()).run();
      const done = { topic: world.topic, companyId: world.companyId, type: "done", payload: {} };
      await world.write(server, "said");
      // Twice: the statement is new to the connection, and known to it.
      for (let turn = 0; turn < 2; turn += 1) {
        const undone = server.db.transaction(async (tx) => {
          await tx.execute(sql`insert into event_topics (topic, sequence) values ('undone', 1)`);
          recordEvent(tx, done);
          recordEvent(tx, { ...done, companyId: "no id" });
        });
        await expect(undone).rejects.toThrow();
      }
      await world.write(server, "said");
      await until(() => watcher.received.length === 2);
      expect(cursorsOf(watcher)).toEqual([1, 2]);
      expect(await server.db.execute(sql`select * from event_topics where topic = 'undone'`)).toHaveLength(0);
    });

    it("is not delivered when its transaction is rolled back, and neither is a signal", async () => {
      const server = await world.start();
      const watcher = (await server.subscribe()).run();
      const rolledBack = server.db.transaction(async (tx) => {
        recordEvent(tx, { topic: world.topic, companyId: world.companyId, type: "undone", payload: {} });
        recordSignal(tx, { topic: world.topic, type: "undone", payload: {} });
        throw new Error("rolled back");
      });
      await expect(rolledBack).rejects.toThrow("rolled back");
      await world.write(server, "done");
      await until(() => watcher.received.length > 0);
      expect(typesOf(watcher)).toEqual(["done"]);
      expect(cursorsOf(watcher)).toEqual([1]);
    });

    it("is skipped when it has no payload or is not for this viewer, and the next ones follow", async () => {
      const server = await world.start();
      world.ranks.set("chief", "staff");
      const chief = (await server.subscribe({ viewer: { kind: "user", id: "chief" } })).run();
      const other = (await server.subscribe()).run();
      for (const type of ["said", "nothing", "secret", "said"]) await world.write(server, type);
      await until(() => other.received.length === 2 && chief.received.length === 3);
      expect(cursorsOf(other)).toEqual([1, 4]);
      expect(cursorsOf(chief)).toEqual([1, 3, 4]);
    });
  });

  describe("an event that cannot be read", () => {
    it("is delivered by the next poll, to subscribers that were behind and to those that were not", async () => {
      const server = await world.start({ intervals: { pollMs: 20 } });
      await world.write(server, "said");
      const behind = await server.subscribe({ after: "0" });
      world.faults.push(new Error("not now"));
      behind.run();
      await until(() => behind.received.length === 1);
      const atHead = (await server.subscribe()).run();
      world.faults.push(new Error("not now"));
      await world.write(server, "said");
      await until(() => atHead.received.length === 1);
      expect(world.faults).toEqual([]);
      expect(cursorsOf(atHead)).toEqual([2]);
      expect(world.lines.filter(({ level }) => Number(level) >= 40)).toHaveLength(1);
    });
  });

  describe("the start of a subscription", () => {
    it("is now without a cursor, and after the event of the cursor with one", async () => {
      const server = await world.start();
      await world.write(server, "before");
      await world.write(server, "before");
      const [fromNow, fromFirst, fromStart] = [
        (await server.subscribe()).run(),
        (await server.subscribe({ after: "1" })).run(),
        (await server.subscribe({ after: "0" })).run(),
      ];
      await world.write(server, "after");
      await until(() =>
        [fromNow, fromFirst, fromStart].every(({ received }) =>
          typesOf({ received } as never).includes("after"),
        ),
      );
      expect([fromNow, fromFirst, fromStart].map(cursorsOf)).toEqual([[3], [2, 3], [1, 2, 3]]);
      expect(await listEventCursors(server.db, ["room:none", world.topic])).toEqual(["0", "3"]);
    });

    it("is refused with an invalid cursor", async () => {
      const server = await world.start();
      for (const after of ["", "-1", "1.5", "01", "x", "9".repeat(30)])
        await expect(server.subscribe({ after })).rejects.toMatchObject({
          code: "BAD_USER_INPUT",
          message: expect.stringContaining("is not a cursor"),
        });
    });

    it("is refused with a cursor beyond the newest event", async () => {
      const server = await world.start();
      await world.write(server, "said");
      await expect(server.subscribe({ after: "2" })).rejects.toMatchObject({
        code: "BAD_USER_INPUT",
        details: { newest: "1" },
      });
    });

    it("is refused for an unknown kind or id, and without access, before the cursor is read", async () => {
      const server = await world.start();
      await expect(server.subscribe({ kind: "cellar" })).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(server.subscribe({ id: "1" })).rejects.toMatchObject({ code: "NOT_FOUND" });
      const viewer = { kind: "anonymous" };
      await expect(server.subscribe({ viewer, after: "99" })).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(server.feed.counts()).toMatchObject({ topics: 0, subscribers: 0 });
    });
  });

  describe("a log that has been pruned", () => {
    it("refuses cursors whose next event is pruned, and no others", async () => {
      const server = await world.start();
      for (const type of ["one", "two", "three"]) await world.write(server, type);
      await server.db.execute(
        sql`update events set created_at = now() - interval '1 day' where sequence < 3`,
      );
      await pruneEvents(server.db, new Date(Date.now() - 3_600_000));
      for (const after of ["0", "1"])
        await expect(server.subscribe({ after })).rejects.toMatchObject({
          code: "GONE",
          message: expect.stringContaining("Read the list again"),
        });
      const watcher = (await server.subscribe({ after: "2" })).run();
      await until(() => watcher.received.length === 1);
      await pruneEvents(server.db, new Date(Date.now() + 3_600_000));
      await expect(server.subscribe({ after: "2" })).rejects.toMatchObject({ code: "GONE" });
      await server.subscribe({ after: "3" });
    });

    it("ends subscribers that were too slow to read it", async () => {
      const server = await world.start({ intervals: { pollMs: 20 } });
      const slow = await server.subscribe();
      await world.write(server, "said", {}, 150);
      await pruneEvents(server.db, new Date(Date.now() + 3_600_000));
      await until(() => server.feed.counts().buffered === 0);
      slow.run();
      await until(() => slow.ending !== undefined);
      expect(slow.ending).toMatchObject({ code: "GONE" });
      const next = (await server.subscribe()).run();
      await world.write(server, "later");
      await until(() => next.received.length === 1);
      expect(cursorsOf(next)).toEqual([151]);
    });
  });

  describe("the cost", () => {
    it("is a handful of statements for a thousand subscribers that receive one event", async () => {
      const server = await world.start();
      const watchers = (await times(1_000, () => server.subscribe())).map((watcher) => watcher.run());
      await world.write(server, "warm");
      await until(() => watchers.every(({ received }) => received.length === 1));
      world.statements.length = 0;
      await world.write(server, "said");
      await until(() => watchers.every(({ received }) => received.length === 2));
      const writing = world.statements.filter((text) => /begin|insert|commit|pg_notify/.test(text)).length;
      // The log, the payloads, the current viewers, and their access.
      expect(world.statements.length - writing).toBe(4);
      expect(new Set(watchers.map(({ received }) => received[1]!.shared)).size).toBe(1);
      expect(watchers[0]!.received[1]!.shared).not.toBe(watchers[0]!.received[0]!.shared);
    });

    it("is a handful of statements for a thousand that resume from the same cursor at once", async () => {
      const server = await world.start();
      await world.write(server, "said", {}, 5);
      world.statements.length = 0;
      const watchers = (await times(1_000, (_index) => server.subscribe({ after: "2" }))).map((one) =>
        one.run(),
      );
      await until(() => watchers.every(({ received }) => received.length === 3));
      // Each is let in by itself, as many at once as there are connections. Whoever is let in together shares the
      // look at the topic: how many that are depends on the machine. The events are read for all.
      const admissions = 1_000;
      const looks = world.statements.filter((text) => text.includes("from event_topics")).length;
      expect(looks).toBeLessThan(admissions / 4);
      expect(world.statements.length - admissions - looks).toBeLessThan(20);
    });

    it("is no memory for slow subscribers: the events wait in the log", async () => {
      const server = await world.start({ intervals: { pollMs: 20 } });
      const slow = await server.subscribe();
      const quick = (await server.subscribe()).run();
      await times(20, async () => {
        await world.write(server, "said", {}, 100);
      });
      await until(() => quick.received.length === 2_000);
      expect(server.feed.counts().buffered).toBeLessThanOrEqual(1_100);
      await until(() => server.feed.counts().buffered === 0);
      slow.run();
      await until(() => slow.received.length === 2_000);
      expect(cursorsOf(slow)).toEqual(upTo(2_000));
    }, 60_000);

    it("is nothing for a subscription that has ended", async () => {
      const server = await world.start();
      const leaving = new AbortController();
      const watchers = await times(3, () => server.subscribe({ signal: leaving.signal }));
      const [first] = watchers;
      first?.run();
      await watchers[1]?.stream.return?.();
      expect(server.feed.counts()).toMatchObject({ topics: 1, subscribers: 2 });
      leaving.abort();
      expect(server.feed.counts()).toMatchObject({ topics: 0, subscribers: 0, buffered: 0 });
      await until(() => first?.ending === null);
      const late = await server.subscribe({ signal: leaving.signal });
      expect(await late.stream.next()).toEqual({ done: true, value: undefined });
      expect(server.feed.counts()).toMatchObject({ subscribers: 0 });
    });
  });

  describe("a feed that is closed", () => {
    it("ends all subscriptions without an error, also those that begin afterwards", async () => {
      const server = await world.start();
      const watchers = (await times(3, () => server.subscribe())).map((watcher) => watcher.run());
      const idle = await server.subscribe();
      await server.feed.close();
      await until(() => watchers.every(({ ending }) => ending === null));
      expect(await idle.stream.next()).toEqual({ done: true, value: undefined });
      const late = await server.subscribe({ viewer: { kind: "user", id: newId() } });
      expect(await late.stream.next()).toEqual({ done: true, value: undefined });
      await server.feed.close();
    });
  });
});
