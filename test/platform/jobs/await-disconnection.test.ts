import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { awaitDisconnection } from "../../../src/platform/jobs/await-disconnection.js";
import { createTestDatabase } from "../../support/database.js";

let database: Awaited<ReturnType<typeof createTestDatabase>>;

const connect = async (name: string) => {
  const sql = postgres(database.url, { max: 1, connection: { application_name: name } });
  await sql`select 1`;
  return sql;
};

describe("await disconnection", () => {
  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  it("is over when the database has let go of the last connection of that name, and not before", async () => {
    const [held, other] = [await connect("held"), await connect("other")];
    let isOver = false;
    const over = awaitDisconnection(database.url, "held").then(() => {
      isOver = true;
    });
    await awaitDisconnection(database.url, "nobody");
    for (let times = 0; times < 20; times++) await other`select 1`;
    expect(isOver).toBe(false);
    await held.end();
    await over;
    expect(await other`select from pg_stat_activity where application_name = 'held'`).toHaveLength(0);
    await other.end();
  });

  it("does not wait for a database that is away", async () => {
    await awaitDisconnection("postgres://nobody:x@127.0.0.1:1/nowhere", "held");
  });
});
