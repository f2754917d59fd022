import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { DatabaseClient } from "../../../src/platform/database/client.js";
import { connectDatabase } from "../../../src/platform/database/client.js";
import {
  areRemovalsHeld,
  RemovalsAreHeld,
  whileRemovalsAreHeld,
} from "../../../src/platform/database/removal-hold.js";
import { holdRemovals } from "../../../src/platform/storage/held-storage.js";
import { createLocalStorage } from "../../../src/platform/storage/local.js";
import type { Storage } from "../../../src/platform/storage/storage.js";
import { ObjectNotFound } from "../../../src/platform/storage/storage.js";
import type { TestDatabase } from "../../support/database.js";
import { createTestDatabase } from "../../support/database.js";
import { until } from "../../support/feed-world.js";

let database: TestDatabase;
let client: DatabaseClient;
let root: string;
let storage: Storage;

beforeEach(async () => {
  database = await createTestDatabase();
  client = connectDatabase(database.url, { connections: 2 });
  root = await mkdtemp(join(tmpdir(), "removal-hold-"));
  storage = holdRemovals(createLocalStorage({ root }), () => areRemovalsHeld(client.db));
  for (const key of ["a", "b"]) await storage.put(key, Readable.from([Buffer.from(key)]));
});
afterEach(async () => {
  await client.close();
  await database.drop();
  await rm(root, { recursive: true });
});

describe("while removals are held", () => {
  it("deleted bytes stay in the trash, which is not emptied; afterwards both go", async () => {
    await whileRemovalsAreHeld(database.url, async ({ assertHeld }) => {
      await storage.delete(["a"]);
      await storage.trash.delete(["a"]);
      await assertHeld();
    });
    expect(await storage.stat("a")).toBeNull();
    expect(await text(await storage.trash.get("a"))).toBe("a");
    await storage.trash.delete(["a"]);
    await storage.delete(["b"]);
    for (const key of ["a", "b"]) await expect(storage.trash.get(key)).rejects.toBeInstanceOf(ObjectNotFound);
  });

  it("nobody else holds them, and many look at the same time", async () => {
    const looks = Array.from({ length: 20 }, () => areRemovalsHeld(client.db));
    expect(await Promise.all(looks)).not.toContain(true);
    await whileRemovalsAreHeld(database.url, async () => {
      await expect(whileRemovalsAreHeld(database.url, async () => {})).rejects.toBeInstanceOf(
        RemovalsAreHeld,
      );
    });
  });

  it("a hold ends with its connection, and whoever has it is told", async () => {
    const cut = () => client.sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`;
    await whileRemovalsAreHeld(database.url, async ({ signal, assertHeld }) => {
      expect(await areRemovalsHeld(client.db)).toBe(true);
      await cut();
      await until(() => signal.aborted);
      await expect(assertHeld()).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
      expect(await areRemovalsHeld(client.db)).toBe(false);
    });
  });
});
