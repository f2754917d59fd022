import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Connection } from "../../../src/platform/database/connection.js";
import { openConnection } from "../../../src/platform/database/open-connection.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";

let database: TestDatabase;
let connection: Connection;

describe("a connection that copies rows out", () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    connection = await openConnection({ url: database.url });
  });
  afterAll(async () => {
    connection.destroy();
    await database.drop();
  });

  it("answers the next statement, however many rows the stream held back", async () => {
    for (const rows of [0, 1, 15, 16, 17, 40, 64, 100, 1_000]) {
      const stream = await connection.copyOut(
        `copy (select repeat('x', 1023) from generate_series(1, ${rows})) to stdout`,
      );
      expect(await buffer(stream)).toHaveLength(rows * 1024);
      const [row] = await connection.run({ text: "select 1 as one", parameters: [] });
      expect(row).toEqual({ one: 1 });
    }
  }, 30_000);
});
