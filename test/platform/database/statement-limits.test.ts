import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "drizzle-orm";
import type { Database, DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { tookTooLong } from "../../../src/platform/database/faults.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";

let database: TestDatabase;
let client: DatabaseClient;

const limitOf = async (db: Pick<Database, "execute">) => {
  const [row] = await db.execute<{ connection: number; time: string }>(
    sql`select pg_backend_pid() as connection, current_setting('statement_timeout') as time`,
  );
  return row!;
};

describe("a statement's time", () => {
  /** One connection, so that all of them have the same. */
  beforeAll(async () => {
    database = await createTestDatabase();
    client = connectDatabase(database.url, { connections: 1, readTimeoutMs: 700 });
  });
  afterAll(async () => {
    await client?.close();
    await database?.drop();
  });

  it("depends on who runs it, in whatever order they use one connection", async () => {
    const { db, background } = client;
    const readOnly = { accessMode: "read only" } as const;
    const runs = {
      reading: { time: "700ms", run: () => limitOf(db) },
      "reading together": { time: "700ms", run: () => db.transaction(limitOf, readOnly) },
      writing: { time: "30s", run: () => db.transaction(limitOf) },
      background: { time: "30s", run: () => limitOf(background) },
      "background, together": { time: "30s", run: () => background.transaction(limitOf, readOnly) },
      "background, writing": { time: "30s", run: () => background.transaction(limitOf) },
    };
    const { connection } = await limitOf(db);
    for (const first of Object.values(runs))
      for (const second of Object.values(runs)) {
        expect(await first.run()).toEqual({ connection, time: first.time });
        expect(await second.run()).toEqual({ connection, time: second.time });
      }
  });

  it("ends what takes longer, and nothing else", async () => {
    const { db, background } = client;
    const { connection } = await limitOf(db);
    const slow = (on: Pick<Database, "execute">) => on.execute(sql`select pg_sleep(1)`);
    for (const cancelled of [() => slow(db), () => db.transaction(slow, { accessMode: "read only" })])
      expect(tookTooLong(await cancelled().catch((error: unknown) => error))).toBe(true);
    await db.transaction(slow);
    await slow(background);
    expect(await limitOf(db)).toEqual({ connection, time: "700ms" });
  });

  it("is set without a trace in the session where a pooler hands that on to others", async () => {
    const options = { connections: 1, readTimeoutMs: 700, transactionPooling: true };
    const pooled = connectDatabase(database.url, options);
    try {
      const { db, background } = pooled;
      const { connection, time } = await limitOf(db);
      expect(time).toBe("700ms");
      expect(await limitOf(background)).toEqual({ connection, time: "30s" });
      expect(await db.transaction(limitOf)).toEqual({ connection, time: "30s" });
      const slow = await db.execute(sql`select pg_sleep(1)`).catch((error: unknown) => error);
      expect(tookTooLong(slow)).toBe(true);
      for (let again = 0; again < 3; again++) await db.execute(sql`select ${again}::int`);
      const [own] = await db.execute(sql`
        select reset_val, (select count(*)::int from pg_prepared_statements) as prepared
        from pg_settings where name = 'statement_timeout'`);
      expect(own).toEqual({ reset_val: "0", prepared: 0 });
    } finally {
      await pooled.close();
    }
  });

  it("is the same for all by default", async () => {
    const same = connectDatabase(database.url, { connections: 1 });
    try {
      expect(await limitOf(same.db)).toMatchObject({ time: "30s" });
      expect(await limitOf(same.background)).toMatchObject({ time: "30s" });
    } finally {
      await same.close();
    }
  });
});
