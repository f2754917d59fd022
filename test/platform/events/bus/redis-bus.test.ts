import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { checkEventBus } from "../../../../src/app/doctor/checks.js";
import { createRedisBus } from "../../../../src/platform/events/bus/redis-bus.js";
import { recordSignal } from "../../../../src/platform/events/log/record-event.js";
import { describeEventBus } from "../../../contracts/event-bus.contract.js";
import type { FeedServer, FeedWorld } from "../../../support/feed-world.js";
import { cursorsOf, startFeedWorld, typesOf, until } from "../../../support/feed-world.js";
import type { RedisServer } from "../../../support/redis-server.js";
import { hasRedis, prepareRedis } from "../../../support/redis-server.js";
import { startTestServer } from "../../../support/test-server.js";

const describeWithRedis = hasRedis() ? describe : describe.skip;

describeWithRedis("with redis-server", () => {
  describeEventBus("Redis", async () => {
    const redis = await prepareRedis();
    await redis.start();
    const log = pino({ level: "silent" });
    return {
      open: () => createRedisBus({ url: redis.url, log }),
      cut: () => redis.ask(["CLIENT", "KILL", "TYPE", "pubsub"]),
      cleanup: () => redis.close(),
    };
  });

  describe("Redis", () => {
    let redis: RedisServer;
    let world: FeedWorld;
    const lines: { level: number; msg: string }[] = [];
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });

    beforeAll(async () => {
      redis = await prepareRedis();
      world = await startFeedWorld();
    });
    afterEach(() => {
      lines.length = 0;
    });
    afterAll(async () => {
      await world.close();
      await redis.close();
    });

    const startFeed = (pollMs: number) =>
      world.start({
        intervals: { pollMs },
        change: () => createRedisBus({ url: redis.url, log, idleTimeoutMs: 400 }),
      });
    const signal = ({ db }: FeedServer, type: string) =>
      db.transaction(async (tx) => recordSignal(tx, { topic: world.topic, type, payload: {} }));
    const warnings = () => lines.filter(({ level }) => level >= 40);
    const subscribers = async () => {
      const [, count] = (await redis.ask(["PUBSUB", "NUMSUB", "filedesk:events:0"])) as [string, number];
      return count;
    };

    it("may be unavailable when a server starts, which subscribes once it is available", async () => {
      const server = await startTestServer({ env: { REDIS_URL: redis.url }, log });
      try {
        expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
        expect(warnings()).toHaveLength(1);
        await redis.start();
        await until(async () => (await subscribers()) === 1);
        await until(() => lines.some(({ msg }) => msg === "Redis is available again"));
      } finally {
        await server.close();
      }
    });

    it("notifies subscribers on another server, without pg_notify", async () => {
      const [writing, reading] = [await startFeed(3_600_000), await startFeed(3_600_000)];
      await until(async () => (await subscribers()) === 2);
      const watcher = (await reading.subscribe()).run();
      for (const type of ["said", "said", "said"]) await world.write(writing, type);
      await until(() => watcher.received.length === 3);
      await signal(writing, "typing");
      await until(() => watcher.received.length === 4);
      expect(typesOf(watcher)).toEqual(["said", "said", "said", "typing"]);
      expect(cursorsOf(watcher)).toEqual([1, 2, 3, 3]);
      expect(world.statements.filter((text) => text.includes("pg_notify"))).toEqual([]);
      await writing.feed.close();
      await reading.feed.close();
    });

    it("may be killed: the next poll delivers the events, the outage is logged once, and messages resume afterwards", async () => {
      const [writing, reading] = [await startFeed(50), await startFeed(50)];
      const watcher = (await reading.subscribe({ after: "3" })).run();
      await world.write(writing, "said");
      await until(() => watcher.received.length === 1);
      await redis.kill();
      await world.write(writing, "said while it is away");
      await until(() => watcher.received.length === 2);
      await redis.start();
      await until(async () => {
        await signal(writing, "typing");
        return typesOf(watcher).includes("typing");
      });
      await world.write(writing, "said");
      await until(() => typesOf(watcher).filter((type) => type !== "typing").length === 3);
      expect(cursorsOf(watcher).filter((cursor, index, all) => cursor !== all[index - 1])).toEqual([4, 5, 6]);
      expect(warnings()).toHaveLength(2);
      await writing.feed.close();
      await reading.feed.close();
    });

    it("counts as unavailable when it hangs, and is subscribed to again when it resumes", async () => {
      const reading = await startFeed(3_600_000);
      await until(async () => (await subscribers()) === 1);
      redis.signal("SIGSTOP");
      await until(() => warnings().length === 1);
      redis.signal("SIGCONT");
      await until(() => lines.some(({ msg }) => msg === "Redis is available again"));
      expect(await subscribers()).toBe(1);
      await reading.feed.close();
    });

    it("is checked by the doctor command, which waits for a message to arrive", async () => {
      expect(await checkEventBus(redis.url)).toMatchObject({ name: "redis", state: "ok" });
      await redis.ask(["ACL", "SETUSER", "mute", "on", ">pw", "+@all", "~*", "resetchannels"]);
      const mute = redis.url.replace("//", "//mute:pw@");
      expect(await checkEventBus(mute)).toMatchObject({
        state: "problem",
        detail: expect.stringContaining("NOPERM"),
      });
      await redis.kill();
      expect(await checkEventBus(redis.url)).toMatchObject({
        state: "problem",
        detail: expect.stringMatching(/ECONNREFUSED.*Check REDIS_URL/),
      });
    });
  });
});
