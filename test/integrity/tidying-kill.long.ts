import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import type postgres from "postgres";
import { killJobs } from "../support/kill-job.js";
import type { StoredWorld } from "../support/stored-files.js";
import { openStoredWorld } from "../support/stored-files.js";

const FILES = 30_000;

let world: StoredWorld;
beforeEach(async () => {
  world = await openStoredWorld();
});
afterEach(() => world.close());

/** What a process of another machine has left that lives: its folder stays, and its files are old. */
async function unfinishedUploads(): Promise<string> {
  const folder = join(world.dataFolder, "files/.tmp", `${"0".repeat(12)}-1-${"0".repeat(12)}`);
  await mkdir(folder, { recursive: true });
  const old = new Date(Date.now() - 48 * 3_600_000);
  for (let from = 0; from < FILES; from += 500)
    await Promise.all(
      Array.from({ length: 500 }, async (_, nth) => {
        const path = join(folder, `part-${from + nth}`);
        await writeFile(path, "left");
        await utimes(path, old, old);
      }),
    );
  return folder;
}

const waitsFor = (table: string) => async (sql: postgres.Sql) =>
  (await sql`select from pg_locks where not granted and relation = ${table}::regclass`).length > 0;

it("a worker that is killed in the middle of end-sessions, end-rate-limits and sweep-uploads leaves the rest to the next run", async () => {
  const folder = await unfinishedUploads();
  const { sql } = world.database;
  const [user] = await sql`select id from users limit 1`;
  for (const days of [-10, 10])
    await sql`insert into sessions (id, user_id, refresh_token_hash, expires_at)
      values (gen_random_uuid(), ${user!.id}, ${`h${days}`}, now() + make_interval(days => ${days}))`;
  await sql`insert into rate_limits values ('old', 1, now() - interval '2 hours'), ('new', 1, now() + interval '1 hour')`;
  const attempts = await killJobs({
    databaseUrl: world.databaseUrl,
    serverUrl: world.serverUrl,
    environment: { FILEDESK_DATA: world.dataFolder, DEMO_DATA: "false" },
    held: ["sessions", "rate_limits"],
    jobs: [
      { name: "end-sessions", isInTheMiddle: waitsFor("sessions") },
      { name: "end-rate-limits", isInTheMiddle: waitsFor("rate_limits") },
      { name: "sweep-uploads", isInTheMiddle: async () => (await readdir(folder)).length < FILES },
    ],
  });
  expect(attempts).toEqual({ "end-sessions": 2, "end-rate-limits": 2, "sweep-uploads": 2 });
  expect(await readdir(folder)).toEqual([]);
  expect([...(await sql`select refresh_token_hash as hash from sessions`)]).toEqual([{ hash: "h10" }]);
  expect([...(await sql`select key from rate_limits`)]).toEqual([{ key: "new" }]);
});
