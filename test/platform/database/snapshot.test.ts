import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { schemaUpTo } from "../../../src/platform/database/migrate.js";
import { readSnapshot } from "../../../src/platform/database/snapshot/read-snapshot.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";

describe("a snapshot", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it("is read stream by stream, however full the socket is at the end of each", async () => {
    const { signal } = new AbortController();
    await readSnapshot(database.url, signal, async (snapshot) => {
      for (let rows = 1; rows < 300; rows += 7) {
        let bytes = 0;
        const query = `select repeat('x', 999) from generate_series(1, ${rows})`;
        for await (const chunk of await snapshot.query(query)) bytes += chunk.length;
        expect(bytes).toBe(rows * 1_000);
      }
    });
  });

  it("ends with its signal, in the middle of a stream too", async () => {
    const stop = new AbortController();
    const reading = readSnapshot(database.url, stop.signal, async (snapshot) => {
      const query = "select repeat('x', 999) from generate_series(1, 1000000)";
      for await (const _ of await snapshot.query(query)) stop.abort();
    });
    await expect(reading).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  it("is written into enum types that have all of their values from the beginning, as Postgres 15 needs it", async () => {
    const { statements } = schemaUpTo(Number.POSITIVE_INFINITY);
    expect(statements.filter((text) => /ADD VALUE/i.test(text))).toEqual([]);
    const sql = postgres(database.url, { max: 1 });
    const types = await sql<{ name: string; values: string[] }[]>`
      select t.typname as name, array_agg(e.enumlabel::text order by e.enumsortorder) as values
      from pg_type t join pg_enum e on e.enumtypid = t.oid join pg_namespace n on n.oid = t.typnamespace
      where n.nspname = 'public' group by t.typname order by t.typname`.finally(() => sql.end());
    const created = statements.flatMap((text) => {
      const [, name, values] = /CREATE TYPE "public"\."(\w+)" AS ENUM\(([^)]*)\)/.exec(text) ?? [];
      return name === undefined
        ? []
        : [{ name, values: values!.split(", ").map((value) => value.slice(1, -1)) }];
    });
    expect(created.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([...types]);
  });
});
