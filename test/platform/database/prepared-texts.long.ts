import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { createPreparedTexts, MAX_PREPARED } from "../../../src/platform/database/prepared-texts.js";
import { createTestDatabase } from "../../support/database.js";

it("ten million shapes of lists leave the remembered statements within their bounds", () => {
  const texts = createPreparedTexts();
  let most = 0;
  for (let number = 0; number < 10_000_000; number++) {
    texts.isPrepared(`select ${number} as shape`);
    if (number % 10_000 === 0) most = Math.max(most, texts.size);
  }
  expect(most).toBeLessThanOrEqual(2_500);
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
