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

  describe("who may follow no more", () => {
    it("is told of no event that is read after that, and ended by the first of them", async () => {
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

    it("is not given what it was behind with", async () => {
      const server = await world.start();
      await world.write(server, "said", {}, 250);
      const behind = await server.subscribe({ ...person("p0"), after: "0" });
      for (let index = 0; index < 100; index += 1) await behind.stream.next();
      world.revoked.add("p0");
      await expect(behind.stream.next()).rejects.toMatchObject(notFound);
      expect(await behind.stream.next()).toEqual({ done: true, value: undefined });
    });

    it("is ended at once, on every server, when the transaction that does it says whom it is about", async () => {
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

    it("is ended by the look that is taken now and then, without any event or word", async () => {
      const server = await world.start({ intervals: { checkMs: 500 } });
      const { revoked, others } = await followByThree(server);
      world.ranks.set("p0", "out");
      // Where nothing happens all are looked at whole only after 12 such looks.
      await until(() => revoked.ending !== undefined, 5_000);
      expect(revoked.ending).toMatchObject(notFound);
      expect(others.every(({ ending }) => ending === undefined)).toBe(true);
    });

    it("is ended by such a look even when nothing is known of the viewer that was not before", async () => {
      const server = await world.start({ intervals: { checkMs: 20 } });
      const { revoked } = await followByThree(server);
      world.revoked.add("p0");
      await until(() => revoked.ending !== undefined);
      expect(revoked.ending).toMatchObject(notFound);
    });
  });

  describe("who is known otherwise than before", () => {
    it("is told each event as whom it is known when it is read", async () => {
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

    it("is let in as whom it is known now, not as whom it was when it connected", async () => {
      const server = await world.start();
      world.ranks.set("p0", "out");
      await expect(server.subscribe(person("p0"))).rejects.toMatchObject(notFound);
    });
  });
});
