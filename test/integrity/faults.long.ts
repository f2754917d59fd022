import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import { sweepStorage } from "../../src/modules/media/upkeep/sweep.js";
import { connectDatabase } from "../../src/platform/database/client.js";
import { createLocalStorage } from "../../src/platform/storage/local.js";
import { clockAhead } from "../support/clock-ahead.js";
import { createTestDatabase } from "../support/database.js";
import type { DeskTraffic } from "../support/desk-traffic.js";
import { startDeskTraffic, UNLIMITED } from "../support/desk-traffic.js";
import { until } from "../support/feed-world.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import { startOwnPostgres } from "../support/own-postgres.js";
import type { Environment, ServerProcess } from "../support/server-process.js";
import { startServerProcess } from "../support/server-process.js";
import { sweepRules } from "../support/sweep-rules.js";

/** How soon a server works again after a fault is over, by itself. */
const RECOVERY_MS = 30_000;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "filedesk-faults-"));
  cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
  return folder;
};

async function serve(environment: Environment): Promise<ServerProcess> {
  const server = await startServerProcess({ DEMO_DATA: "true", WORKER: "on", ...UNLIMITED, ...environment });
  cleanUps.push(() => server.kill());
  return server;
}

/** What a client of it does all the time; abandoned at the end, whatever happens. */
async function startTraffic({ url }: { readonly url: string }): Promise<DeskTraffic> {
  const traffic = await startDeskTraffic({ urlOf: () => url, password: DEMO_PASSWORD });
  cleanUps.push(() => traffic.abandon());
  return traffic;
}

/** Waits for this many more uploads and messages. */
async function goesOn({ uploads, messages }: DeskTraffic, further = 10, withinMs = 120_000): Promise<void> {
  const [files, texts] = [uploads.length + further, messages.length + further];
  await until(() => uploads.length >= files && messages.length >= texts, withinMs);
}

const readiness = ({ url }: ServerProcess): Promise<number> =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status,
    () => 0,
  );

/**
 * What was acknowledged is there, and what was not has left nothing behind. Stops the server: variants that it is
 * just rendering have no rows yet.
 */
async function verify(traffic: DeskTraffic, server: ServerProcess, url: string, data: string): Promise<void> {
  await traffic.stop();
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await traffic.verify(server.url, sql);
    await server.stop();
    expect(await brokenPromises(sql, data)).toEqual([]);
    // Bytes whose commit was in doubt were left to the sweep, which knows whether there is a row.
    const strays = await strayFiles(sql, data);
    const storage = createLocalStorage({ root: join(data, "files") });
    const checking = connectDatabase(url, { connections: 2 });
    const removed: string[] = [];
    await sweepStorage({ db: checking.db, storage }, sweepRules(), {
      onRemoved: ({ key }) => removed.push(key),
    }).finally(() => checking.close());
    expect(removed.sort()).toEqual(strays.sort());
    expect(await brokenPromises(sql, data)).toEqual([]);
    expect(await strayFiles(sql, data)).toEqual([]);
  } finally {
    await sql.end();
  }
}

describe("a desk with clients at work", () => {
  it("goes on after its Postgres was stopped for ten seconds, and says meanwhile that it is not ready", async () => {
    const data = await newFolder();
    const database = await startOwnPostgres(await newFolder());
    cleanUps.push(() => database.close());
    const server = await serve({ DATABASE_URL: database.url, FILEDESK_DATA: data });
    const traffic = await startTraffic(server);
    await goesOn(traffic);
    expect(traffic.failures).toEqual([]);
    const stoppedAt = performance.now();
    await database.stop();
    await until(async () => (await readiness(server)) === 503);
    await pass(Math.max(0, 10_000 - (performance.now() - stoppedAt)));
    expect(await readiness(server)).toBe(503);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    await database.start();
    await until(async () => (await readiness(server)) === 200, RECOVERY_MS);
    await goesOn(traffic, 10, RECOVERY_MS);
    await verify(traffic, server, database.url, data);
  });

  it("goes on when an operator cuts the connections of its database, again and again", async () => {
    const data = await newFolder();
    const database = await createTestDatabase();
    cleanUps.push(() => database.drop());
    const server = await serve({ DATABASE_URL: database.url, FILEDESK_DATA: data });
    const traffic = await startTraffic(server);
    const operator = postgres(database.url, { max: 1, onnotice: () => {} });
    cleanUps.push(() => operator.end());
    for (let round = 0; round < 10; round++) {
      await goesOn(traffic, 3);
      await operator`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
    }
    await until(async () => (await readiness(server)) === 200, RECOVERY_MS);
    await goesOn(traffic, 10, RECOVERY_MS);
    await verify(traffic, server, database.url, data);
  });

  it.each([
    ["ahead", 24],
    ["behind", -24],
  ])("works while its clock is a day %s, and after it is right again", async (_way, hours) => {
    const data = await newFolder();
    const database = await createTestDatabase();
    cleanUps.push(() => database.drop());
    const environment = { DATABASE_URL: database.url, FILEDESK_DATA: data };
    const wrong = await serve({ ...environment, NODE_OPTIONS: clockAhead({ hours }) });
    const before = await startTraffic(wrong);
    await goesOn(before, 15);
    await verify(before, wrong, database.url, data);
    expect(before.failures).toEqual([]);
    const { output } = await wrong.stop();
    expect(output).not.toMatch(/"level":(50|60)/);
    const right = await serve(environment);
    const after = await startTraffic(right);
    await goesOn(after, 15);
    await verify(after, right, database.url, data);
    expect(after.failures).toEqual([]);
  });

  it("goes on with 256 descriptors, though clients hold all that are left", async () => {
    const data = await newFolder();
    const database = await createTestDatabase();
    cleanUps.push(() => database.drop());
    const server = await serve({ DATABASE_URL: database.url, FILEDESK_DATA: data, OPEN_FILES: "256" });
    const traffic = await startTraffic(server);
    await goesOn(traffic);
    expect(traffic.failures).toEqual([]);
    const { hostname, port } = new URL(server.url);
    const sockets: Socket[] = [];
    const letGo = async () => {
      for (const socket of sockets) socket.destroy();
    };
    cleanUps.push(letGo);
    for (let count = 0; count < 400; count++)
      sockets.push(connect(Number(port), hostname).on("error", () => {}));
    await pass(3_000); // as long as they hold them
    await letGo();
    await until(async () => (await readiness(server)) === 200, RECOVERY_MS);
    await goesOn(traffic, 10, RECOVERY_MS);
    await verify(traffic, server, database.url, data);
  });

  describe("whose database has a disk of its own (needs a mount)", () => {
    const onDisk = canMount() ? it : it.skip;

    onDisk(
      "loses nothing that it acknowledged when that is full, and goes on when there is room",
      async () => {
        const [data, disk] = [await newFolder(), await newFolder()];
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=256m", "tmpfs", disk]);
        cleanUps.push(async () => execFileSync("umount", ["-l", disk]));
        const database = await startOwnPostgres(disk);
        cleanUps.push(() => database.close());
        const server = await serve({ DATABASE_URL: database.url, FILEDESK_DATA: data });
        const traffic = await startTraffic(server);
        await goesOn(traffic);
        const ballast = join(disk, "ballast");
        await fill(ballast);
        const { failures } = traffic;
        const before = failures.length;
        await until(() => failures.length > before + 10, 120_000);
        await rm(ballast);
        // Postgres ends by itself when it cannot write its log; then an operator starts it.
        if (!database.isRunning()) await database.start();
        await until(async () => (await readiness(server)) === 200, RECOVERY_MS);
        await goesOn(traffic, 10, RECOVERY_MS);
        await verify(traffic, server, database.url, data);
      },
    );
  });
});

/** Writes until there is no room, while others write as well. */
async function fill(path: string): Promise<void> {
  const piece = Buffer.alloc(256 * 1024);
  try {
    for (;;) await appendFile(path, piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

/** Whether this machine lets a test have a disk of its own. */
function canMount(): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && process.env.REQUIRE_SERVICES === "1") throw new Error("mounting takes root");
  return isRoot;
}
