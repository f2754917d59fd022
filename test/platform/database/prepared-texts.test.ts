import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { Database, DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { preparedByShape } from "../../../src/platform/database/prepared-once.js";
import { createPreparedTexts, MAX_PREPARED } from "../../../src/platform/database/prepared-texts.js";
import { createTestDatabase } from "../../support/database.js";

/** As long as the text of a list. */
const shape = (number: number) => `select ${number} as shape /* ${"x".repeat(1_000)} */`;

describe("which statements are prepared", () => {
  it("are those that come again, and they stay while callers invent others", () => {
    const texts = createPreparedTexts();
    expect(texts.isPrepared("hot")).toBe(false);
    let wrong = 0;
    for (let number = 0; number < 50_000; number++) {
      if (texts.isPrepared(shape(number))) wrong++;
      if (number % 100 === 0 && !texts.isPrepared("hot")) wrong++;
    }
    expect(wrong).toBe(0);
    expect(texts.size).toBeLessThanOrEqual(2_500);
  });

  it("are bounded when each of them comes twice", () => {
    const texts = createPreparedTexts();
    let prepared = 0;
    for (let number = 0; number < 20_000; number++) {
      texts.isPrepared(shape(number));
      if (texts.isPrepared(shape(number))) prepared++;
    }
    expect(prepared).toBe(20_000);
    expect(texts.size).toBeLessThanOrEqual(2_500);
  });

  it("puts a list's statement together anew only when its shape has not come for long", () => {
    let made = 0;
    const statementOf = preparedByShape<{ readonly number: number }, object>(() => {
      made++;
      return {};
    });
    const db = {} as Database;
    for (let number = 0; number < 10_000; number++) {
      statementOf(db, { number });
      statementOf(db, { number: 0 });
    }
    expect(made).toBe(10_000);
  });
});

describe("what Postgres keeps prepared", () => {
  let database: DatabaseClient;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const test = await createTestDatabase();
    drop = test.drop;
    database = connectDatabase(test.url, { connections: 2 });
  });
  afterAll(async () => {
    await database.close();
    await drop();
  });

  const run = (text: string) =>
    database.db.execute<{ count: number }>(sql`${sql.raw(text)} where ${1}::int = 1`);
  const kept = async () =>
    (await run("select count(*)::int as count from pg_prepared_statements"))[0]?.count ?? 0;

  it("is nothing of what comes once, in two thousand shapes", async () => {
    for (let number = 0; number < 2_000; number++) await run(`select ${number} as once`);
    expect(await kept()).toBeLessThan(20);
  });

  it("is what comes all the time", async () => {
    for (let count = 0; count < 3; count++) await run("select 1 as hot");
    const [row] = await run(
      "select count(*) filter (where statement like 'select 1 as hot%')::int as count from pg_prepared_statements",
    );
    expect(row?.count).toBe(1);
  });

  it("is bounded when each of two thousand shapes comes twice, and every one is answered", async () => {
    let most = 0;
    for (let number = 0; number < 2_000; number++) {
      const rows = [await run(`select ${number}::int as count`), await run(`select ${number}::int as count`)];
      expect(rows.map(([row]) => row?.count)).toEqual([number, number]);
      if (number % 50 === 0) most = Math.max(most, await kept());
    }
    expect(most).toBeGreaterThan(MAX_PREPARED / 2);
    expect(most).toBeLessThanOrEqual(MAX_PREPARED);
  });
});
