import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
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
});
