import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { viewerChanged } from "../../../../src/platform/events/log/viewer-changed.js";
import type { Collector, FeedServer, FeedWorld } from "../../../support/feed-world.js";
import { cursorsOf, startFeedWorld, times, typesOf, until } from "../../../support/feed-world.js";

let world: FeedWorld;

const person = (id: string) => ({ viewer: { kind: "user", id } });
const notFound = { code: "NOT_FOUND" };

/** Three follow; one of them is revoked without a word. */
async function followByThree(server: FeedServer): Promise<{ revoked: Collector; others: Collector[] }> {
  const [revoked, ...others] = await times(3, async (index) =>
    (await server.subscribe(person(`p${index}`))).run(),
  );
  return { revoked: revoked!, others };
}

describe("event feed access", () => {
  beforeEach(async () => {
    world = await startFeedWorld();
  });

  afterEach(() => world.close());

  describe("a viewer that has lost access", () => {
    it("receives no event that is read afterwards; the first of them ends the subscription", async () => {
      const server = await world.start();
      const { revoked, others } = await followByThree(server);
      await world.write(server, "said");
      await until(() => [revoked, ...others].every(({ received }) => received.length === 1));
      world.revoked.add("p0");
      await world.write(server, "said");
      await until(
        () => revoked.ending !== undefined && others.every(({ received }) => received.length === 2),
      );
      expect(revoked.ending).toMatchObject(notFound);
      expect(cursorsOf(revoked)).toEqual([1]);
      expect(server.feed.counts().subscribers).toBe(2);
    });

    it("does not receive the events it was behind with", async () => {
      const server = await world.start();
      await world.write(server, "said", {}, 250);
      const behind = await server.subscribe({ ...person("p0"), after: "0" });
      for (let index = 0; index < 100; index += 1) await behind.stream.next();
      world.revoked.add("p0");
      await expect(behind.stream.next()).rejects.toMatchObject(notFound);
      expect(await behind.stream.next()).toEqual({ done: true, value: undefined });
    });

    it("is ended at once, on every server, when the transaction names the viewer", async () => {
      const [one, other] = [await world.start(), await world.start()];
      const followed = [await followByThree(one), await followByThree(other)];
      world.revoked.add("p0");
      await one.db.transaction(async (tx) => viewerChanged(tx, "p0"));
      await until(() => followed.every(({ revoked }) => revoked.ending !== undefined));
      for (const { revoked, others } of followed) {
        expect(revoked.ending).toMatchObject(notFound);
        expect(others.every(({ ending }) => ending === undefined)).toBe(true);
      }
    });

    it("is ended by the periodic check of access, without any event or message", async () => {
      const server = await world.start({ intervals: { checkMs: 500 } });
      const { revoked, others } = await followByThree(server);
      world.ranks.set("p0", "out");
      // Where nothing happens all are checked in full only after 12 such checks.
      await until(() => revoked.ending !== undefined, 5_000);
      expect(revoked.ending).toMatchObject(notFound);
      expect(others.every(({ ending }) => ending === undefined)).toBe(true);
    });

    it("is ended by that check even when nothing about the viewer has changed", async () => {
      const server = await world.start({ intervals: { checkMs: 20 } });
      const { revoked } = await followByThree(server);
      world.revoked.add("p0");
      await until(() => revoked.ending !== undefined);
      expect(revoked.ending).toMatchObject(notFound);
    });
  });

  describe("a viewer that has changed", () => {
    it("receives each event as the viewer it is when the event is read", async () => {
      const server = await world.start();
      const watcher = (await server.subscribe(person("p0"))).run();
      await world.write(server, "secret");
      await world.write(server, "said");
      await until(() => watcher.received.length === 1);
      world.ranks.set("p0", "staff");
      await world.write(server, "secret");
      await until(() => watcher.received.length === 2);
      expect(typesOf(watcher)).toEqual(["said", "secret"]);
      expect(watcher.received.map(({ viewer }) => viewer.rank)).toEqual([undefined, "staff"]);
    });

    it("subscribes as the viewer it is now, not as the one it was when it connected", async () => {
      const server = await world.start();
      world.ranks.set("p0", "out");
      await expect(server.subscribe(person("p0"))).rejects.toMatchObject(notFound);
    });
  });
});
