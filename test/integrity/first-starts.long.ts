import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { runCommand, startCommand } from "../support/command-process.js";
import type { TestDatabase } from "../support/database.js";
import { createTestDatabase } from "../support/database.js";
import { startServerProcess } from "../support/server-process.js";

const cleanUps: (() => Promise<unknown>)[] = [];
let database: TestDatabase;
let environment: Record<string, string>;
let sql: postgres.Sql;

const TABLES = [
  "companies",
  "users",
  "memberships",
  "tickets",
  "replies",
  "conversations",
  "guests",
  "chat_messages",
  "attachments",
  "media_usages",
  "media_files",
  "blobs",
];

async function countsOf(db: postgres.Sql): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of TABLES) {
    const [row] = await db<{ count: number }[]>`select count(*)::int as count from ${db(table)}`;
    counts[table] = row!.count;
  }
  return counts;
}

/** What one demo is, seeded by one process without a disturbance. */
async function oneDemo(): Promise<Record<string, number>> {
  const template = await createTestDatabase("filedesk_demo_template");
  const db = postgres(template.url, { max: 1, onnotice: () => {} });
  try {
    return await countsOf(db);
  } finally {
    await db.end();
    await template.drop();
  }
}

describe("the demo", () => {
  beforeEach(async () => {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-first-"));
    cleanUps.push(() => rm(folder, { recursive: true, maxRetries: 20 }));
    database = await createTestDatabase();
    cleanUps.push(() => database.drop());
    sql = postgres(database.url, { max: 1, onnotice: () => {} });
    cleanUps.push(() => sql.end());
    environment = { DATABASE_URL: database.url, FILEDESK_DATA: folder, WORKER: "off" };
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it("is there once, though a server and two commands seed it at once, on a database without a single row", async () => {
    const [server, ...seeds] = await Promise.all([
      startServerProcess(environment),
      runCommand(["seed"], environment),
      runCommand(["seed"], environment),
    ]);
    cleanUps.push(() => server.kill());
    expect(seeds.map(({ code }) => code)).toEqual([0, 0]);
    expect(await countsOf(sql)).toEqual(await oneDemo());
  });

  it("is finished by the next start wherever it was cut off, and nothing in it is there twice", async () => {
    const whole = await oneDemo();
    // What a seed had done when it was killed: in the midst of each of its parts.
    const places = ["media_usages", "tickets", "replies", "conversations"];
    for (const place of places) {
      await sql.unsafe(`truncate ${TABLES.join(", ")}, rate_limits cascade`);
      const cut = startCommand(["seed"], environment);
      while ((await sql`select from ${sql(place)} limit 1`).length === 0) await pass(2);
      cut.signal("SIGKILL");
      await cut.ended;
      expect(await countsOf(sql)).not.toEqual(whole);
      expect((await runCommand(["seed"], environment)).code).toBe(0);
      expect({ place, ...(await countsOf(sql)) }).toEqual({ place, ...whole });
    }
  });
});
