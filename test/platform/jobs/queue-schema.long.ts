import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { getRollbackPlans } from "pg-boss";
import postgres from "postgres";
import { installQueueSchema } from "../../../src/platform/jobs/queue-schema.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";

let database: TestDatabase;
let sql: postgres.Sql;

const version = async () => (await sql`select version from pgboss.version`)[0]!.version as number;
/** Without the days that partitions are named by: midnight may pass in between. */
const indexes = async () =>
  (await sql`select indexname as name from pg_indexes where schemaname = 'pgboss' order by 1`).map(
    ({ name }) => (name as string).replace(/_\d{8}_/, "_<day>_"),
  );

describe("the schema of the job queue", () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  it("is installed, and updated with the indexes that are built after the update", async () => {
    const [newest, all] = [await version(), await indexes()];
    while ((await indexes()).length === all.length)
      await sql.unsafe(getRollbackPlans("pgboss", await version()));
    expect(await version()).toBeLessThan(newest);
    await installQueueSchema(database.url);
    expect(await version()).toBe(newest);
    expect(await indexes()).toEqual(all);
    await sql`drop schema pgboss cascade`;
    await installQueueSchema(database.url);
    await installQueueSchema(database.url);
    expect(await version()).toBe(newest);
    expect(await indexes()).toEqual(all);
  });
});
