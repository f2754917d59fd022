import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sql } from "drizzle-orm";
import postgres from "postgres";
import type { DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import { createTestDatabase } from "../../support/database.js";
import { until } from "../../support/feed-world.js";
import type { TcpProxy } from "../../support/tcp-proxy.js";
import { startTcpProxy, through } from "../../support/tcp-proxy.js";

const CLIENTS = 12;
const ROUNDS = 40;

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let proxy: TcpProxy;
let client: DatabaseClient;
let admin: postgres.Sql;
/** What belonged to nobody, and would have ended the process. */
const strays: unknown[] = [];
const stray = (error: unknown) => strays.push(error);

const terminate = () => admin`
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = ${new URL(database.url).pathname.slice(1)}`;

/** Reads and writes without a pause, while connections break. @returns answers that are not true, and the failures */
async function traffic(breaking: () => unknown) {
  const [wrong, failures]: [unknown[], unknown[]] = [[], []];
  let isOver = false;
  let answers = 0;
  const ask = async (asker: number) => {
    for (let n = 0; !isOver; n++) {
      const from = (asker * 7 + n) % 200;
      try {
        const rows = await client.db.execute(
          sql`select id, body from entries where id > ${from} order by id limit 50`,
        );
        answers += 1;
        if (rows.length !== 50 || rows.some((row, index) => row?.id !== from + 1 + index)) wrong.push(rows);
        if (n % 5 === 0) {
          const updated = await client.db.execute(
            sql`update entries set body = body where id = ${from + 1} returning id`,
          );
          if (updated[0]?.id !== from + 1) wrong.push(updated);
        }
        if (n % 7 === 0)
          await client.db.transaction(async (tx) => {
            const [one] = await tx.execute(sql`select count(*)::int as rows from entries`);
            if (one?.rows !== 300) wrong.push(one);
            await tx.transaction((inner) => inner.execute(sql`select 1`));
          });
      } catch (error) {
        failures.push(error);
        await pass(1);
      }
    }
  };
  const asking = Array.from({ length: CLIENTS }, (_, asker) => ask(asker));
  for (let round = 0; round < ROUNDS; round++) {
    // Some are answered in between, however busy the machine is.
    const before = answers;
    await until(() => answers >= before + 3);
    await breaking();
  }
  isOver = true;
  await Promise.all(asking);
  return { wrong, failures };
}

const isWhole = async () => {
  const rows = await Promise.all(
    Array.from({ length: 12 }, () => client.db.execute(sql`select count(*)::int as rows from entries`)),
  );
  return rows.every(([row]) => row?.rows === 300);
};

describe("broken connections", () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startTcpProxy(new URL(database.url));
    client = connectDatabase(through(proxy, database.url), { connections: 4 });
    admin = postgres(process.env.TEST_DATABASE_URL!, { max: 1, onnotice: () => {} });
    await client.db.execute(sql`create table entries (id int primary key, body text)`);
    await client.db.execute(
      sql`insert into entries select n, repeat('x', 2000) from generate_series(1, 300) n`,
    );
    process.on("unhandledRejection", stray);
    process.on("uncaughtException", stray);
  });

  afterAll(async () => {
    process.off("unhandledRejection", stray);
    process.off("uncaughtException", stray);
    await client.close();
    proxy.close();
    await admin.end();
    await database.drop();
  });

  describe("connections that break under traffic", () => {
    it.each([
      ["reset", () => proxy.reset()],
      ["ended", () => proxy.end()],
      ["terminated by an administrator", () => terminate()],
    ])(
      "%s, give no wrong answer, end nothing but what was under way, and are used again at once",
      async (_, breaking) => {
        const { wrong, failures } = await traffic(breaking);
        expect(wrong).toEqual([]);
        expect(strays).toEqual([]);
        // Reads are tried again: what fails was a write, or a transaction.
        for (const failure of failures)
          expect(String(failure)).toMatch(/Failed query|CONNECTION|ECONN|EPIPE|terminat|broken off/);
        const startedAt = performance.now();
        expect(await isWhole()).toBe(true);
        expect(performance.now() - startedAt).toBeLessThan(5_000);
      },
      60_000,
    );

    it("fail a statement that is never answered, and the pool goes on", async () => {
      const silent = await startTcpProxy(new URL(database.url));
      const impatient = connectDatabase(through(silent, database.url), {
        connections: 1,
        answerTimeoutMs: 500,
      });
      try {
        await impatient.db.execute(sql`select 1`);
        silent.silence();
        await expect(
          impatient.db.execute(sql`update entries set body = body where id = 1`),
        ).rejects.toThrow();
        expect(await impatient.db.execute(sql`select count(*)::int as rows from entries`)).toEqual([
          { rows: 300 },
        ]);
      } finally {
        await impatient.close();
        silent.close();
      }
    });

    it("leave a transaction undone that was under way", async () => {
      await until(isWhole);
      const outcome = client.db.transaction(async (tx) => {
        await tx.execute(sql`delete from entries where id = 1`);
        proxy.reset();
        await until(() => proxy.open === 0);
        await tx.execute(sql`delete from entries where id = 2`);
      });
      await expect(outcome).rejects.toThrow();
      expect(await isWhole()).toBe(true);
      expect(strays).toEqual([]);
    });
  });

  describe("a database that refuses new connections", () => {
    it("fails requests and leaves the process alone", async () => {
      const nowhere = await startTcpProxy(new URL("tcp://127.0.0.1:1"));
      const lost = connectDatabase(through(nowhere, database.url), { connections: 3 });
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => lost.db.execute(sql`select 1`)),
      );
      expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(["rejected"]));
      await lost.close();
      nowhere.close();
      expect(strays).toEqual([]);
    });
  });

  describe("values", () => {
    it("are read and written as before, arrays as well", async () => {
      const texts = ['a"b', "c\\d", "e,f", "{g}", "NULL", "", " h ", "ä😀"];
      const [row] = await client.db.execute(sql`
      select ${sql.param(texts)}::text[] = array['a"b', E'c\\\\d', 'e,f', '{g}', 'NULL', '', ' h ', 'ä😀'] as equal,
        cardinality(${sql.param([])}::text[]) as none, (${sql.param([null, 1])}::int[])[1] is null as empty,
        (${sql.param([true, false])}::bool[])[2] as second`);
      expect(row).toEqual({ equal: true, none: 0, empty: true, second: false });
    });

    it("come as arrays, in selects of Drizzle's and in statements of our own", async () => {
      const ids = ["0197f0a1-0000-7000-8000-000000000001", "0197f0a1-0000-7000-8000-000000000002"];
      const texts = ['a"b', "c,d", ""];
      const [row] = await client.db.execute(
        sql`select ${sql.param(ids)}::uuid[] as ids, ${sql.param(texts)}::text[] as texts, array[]::uuid[] as none`,
      );
      expect(row).toEqual({ ids, texts, none: [] });
      const selected = await client.db
        .select({ ids: sql<string[]>`array(select unnest(${sql.param(ids)}::uuid[]))` })
        .from(sql`(select 1) as one`);
      expect(selected).toEqual([{ ids }]);
    });
  });
});
