import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { countUse, deleteEndedWindows } from "../../../src/platform/rate-limit/rate-limit.repository.js";
import type { RateUse } from "../../../src/platform/rate-limit/rate-use.js";
import { createTestDatabase } from "../../support/database.js";

let database: DatabaseClient;
let drop: () => Promise<void>;

const limitOf = (whose: string, uses = 1) => ({
  policy: "tries",
  whose,
  limit: 5,
  windowSeconds: 60,
  message: "Too many tries",
  uses,
});

/** A refusal is remembered for a moment: uses once until it is forgotten. */
async function useWhenForgotten(key: string): Promise<void> {
  while (
    !(await countUse(database.db, limitOf(key)).then(
      () => true,
      () => false,
    ))
  )
    await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("a rate limit", () => {
  beforeAll(async () => {
    const test = await createTestDatabase();
    drop = test.drop;
    database = connectDatabase(test.url, { connections: 10 });
  });
  afterAll(async () => {
    await database.close();
    await drop();
  });

  it("lets exactly its number through when uses race, and tells the others when to come again", async () => {
    const uses = await Promise.allSettled(
      Array.from({ length: 20 }, () => countUse(database.db, limitOf("race"))),
    );
    const refusals = uses.flatMap((use) => (use.status === "rejected" ? [use.reason] : []));
    expect(refusals).toHaveLength(15);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: "RATE_LIMITED", details: { policy: "tries", limit: 5 } });
      expect(refusal.details.retryAfter).toBeGreaterThan(0);
      expect(refusal.details.retryAfter).toBeLessThanOrEqual(60);
    }
  });

  it("counts each key by itself", async () => {
    for (let use = 0; use < 5; use += 1) await countUse(database.db, limitOf("one"));
    await expect(countUse(database.db, limitOf("another"))).resolves.toBeUndefined();
  });

  it("tells how much is left, and until when, also when it refuses", async () => {
    const counted: RateUse[] = [];
    const use = (uses: number) =>
      countUse(database.db, limitOf("left", uses), counted).catch(({ code }) => code);
    expect([await use(1), await use(3), await use(2), await use(1), await use(1)]).toEqual([
      undefined,
      undefined,
      "RATE_LIMITED",
      undefined,
      "RATE_LIMITED",
    ]);
    expect(counted.map(({ remaining }) => remaining)).toEqual([4, 1, 1, 0, 0]);
    for (const { policy, limit, windowSeconds, resetSeconds } of counted) {
      expect([policy, limit, windowSeconds]).toEqual(["tries", 5, 60]);
      expect(resetSeconds).toBeGreaterThan(0);
      expect(resetSeconds).toBeLessThanOrEqual(60);
    }
  });

  it("counts several at once, all or none, exactly when they race", async () => {
    const uses = await Promise.allSettled(
      Array.from({ length: 12 }, () => countUse(database.db, limitOf("several", 2))),
    );
    expect(uses.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    await expect(countUse(database.db, limitOf("several", 1))).resolves.toBeUndefined();
    await expect(countUse(database.db, limitOf("more than ever", 6))).rejects.toMatchObject({
      code: "RATE_LIMITED",
    });
  });

  it("begins anew when the clock was set back by a day, instead of standing still for as long", async () => {
    for (let use = 0; use < 5; use += 1) await countUse(database.db, limitOf("set back"));
    await expect(countUse(database.db, limitOf("set back"))).rejects.toMatchObject({ code: "RATE_LIMITED" });
    // What was counted before lies a day ahead now.
    await database.sql`update rate_limits set resets_at = resets_at + interval '1 day' where key = 'tries:set back'`;
    await useWhenForgotten("set back");
    for (let use = 1; use < 5; use += 1) await countUse(database.db, limitOf("set back"));
    await expect(countUse(database.db, limitOf("set back"))).rejects.toMatchObject({ code: "RATE_LIMITED" });
  });

  it("costs no statement for who is over it, for a moment", async () => {
    for (let use = 0; use < 5; use += 1) await countUse(database.db, limitOf("over"));
    await expect(countUse(database.db, limitOf("over"))).rejects.toMatchObject({ code: "RATE_LIMITED" });
    await database.sql.begin(async (tx) => {
      await tx`lock table rate_limits in access exclusive mode`;
      await expect(countUse(database.db, limitOf("over"))).rejects.toMatchObject({ code: "RATE_LIMITED" });
    });
    const [row] = await database.sql`select count from rate_limits where key = 'tries:over'`;
    // What is refused is not counted.
    expect(row?.count).toBe(5);
  });

  it("starts anew when its window is over, and windows that are long over are removed", async () => {
    for (let use = 0; use < 5; use += 1) await countUse(database.db, limitOf("window"));
    await database.sql`update rate_limits set resets_at = now() where key = 'tries:window'`;
    await expect(countUse(database.db, limitOf("window"))).resolves.toBeUndefined();
    await database.sql`update rate_limits set resets_at = now() - interval '2 hours' where key = 'tries:window'`;
    await deleteEndedWindows(database.db);
    expect(await database.sql`select 1 from rate_limits where key = 'tries:window'`).toHaveLength(0);
  });
});
