import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import postgres from "postgres";
import { createTestDatabase } from "../support/database.js";
import {
  CreateTicketDocument,
  DeleteAttachmentDocument,
  SignInDocument,
} from "../support/generated/operations.js";
import { brokenPromises, filesUnder, strayFiles } from "../support/inventory.js";
import { killJob } from "../support/kill-job.js";
import { postFiles } from "../support/post-files.js";
import type { Environment } from "../support/server-process.js";
import { startServerProcess, startWorkerProcess } from "../support/server-process.js";
import { startScript } from "../support/start-script.js";
import { postGraphQL } from "../support/test-client.js";

const QUEUE = new URL("../../dist/platform/jobs/job-queue.js", import.meta.url).href;
const PINO = import.meta.resolve("pino");

/** Only what never happens makes anybody wait so long. */
const PATIENCE_MS = 150_000;

/** What one test works on. */
interface Place {
  readonly databaseUrl: string;
  readonly serverUrl: string;
  readonly sql: postgres.Sql;
  readonly dataFolder: string;
  readonly environment: Environment;
  /** Done at the end of the test, the last one first. */
  readonly cleanUps: (() => Promise<unknown>)[];
}

/** Every test has a place of its own, so that they wait for heartbeats and retries at the same time. */
const inOwnPlace = (check: (place: Place) => Promise<void>) => async () => {
  const { url: databaseUrl, serverUrl, drop } = await createTestDatabase();
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} });
  const dataFolder = await mkdtemp(join(tmpdir(), "filedesk-job-kill-"));
  const cleanUps = [drop, () => sql.end(), () => rm(dataFolder, { recursive: true })];
  const environment = { FILEDESK_DATA: dataFolder, DATABASE_URL: serverUrl };
  try {
    await check({ databaseUrl, serverUrl, sql, dataFolder, environment, cleanUps });
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
};

describe("a job whose process is killed in the middle", () => {
  for (const by of ["worker", "server"] as const)
    it.concurrent(
      `runs again and ends in the same state (${by})`,
      inOwnPlace(async (place) => {
        const { databaseUrl, serverUrl, sql, dataFolder, environment } = place;
        await deleteSomethingLongAgo(place);
        const before = await filesUnder(join(dataFolder, "files"));
        const killed = { databaseUrl, serverUrl, environment, by, heldAt: "blobs" };
        const { attempts } = await killJob({ ...killed, name: "purge-deleted" });
        expect(attempts).toBe(2);
        expect(await brokenPromises(sql, dataFolder)).toEqual([]);
        expect(await strayFiles(sql, dataFolder)).toEqual([]);
        const after = await filesUnder(join(dataFolder, "files"));
        expect(after.filter((path) => !path.startsWith(".trash/"))).toHaveLength(before.length - 1);
      }),
    );

  it.concurrent(
    "is not run by anybody else while its process lives, however long it takes",
    inOwnPlace(async (place) => {
      const { sql } = place;
      await createRuns(place);
      const holders = await Promise.all([1, 2].map(() => startHolder(place, { ms: 17_000 })));
      await until(async () => (await sql`select from runs where ended is not null`).length > 0);
      expect(await sql`select from runs`).toHaveLength(1);
      for (const holder of holders) await holder.end();
    }),
  );

  it.concurrent(
    "is taken over by another one after its last heartbeat is ten seconds old",
    inOwnPlace(async (place) => {
      const { sql } = place;
      await createRuns(place);
      const first = await startHolder(place, { ms: 600_000 });
      const [run] = await sql<{ pid: number }[]>`select pid from runs`;
      expect(run?.pid).toBe(first.pid);
      await first.kill();
      const [beat] = await sql`select heartbeat_on as at from pgboss.job where name = 'hold'`;
      const second = await startHolder(place, { ms: 10 });
      await until(async () => (await sql`select from runs where ended is not null`).length > 0);
      expect(await sql`select pid from runs order by began`).toEqual([
        { pid: first.pid },
        { pid: second.pid },
      ]);
      const [taken] = await sql`
        select extract(epoch from began - ${beat?.at}::timestamptz)::float as after from runs
        where pid = ${second.pid}`;
      expect(taken?.after).toBeGreaterThanOrEqual(10);
      const [queue] = await sql`select heartbeat_seconds from pgboss.queue where name = 'hold'`;
      expect(queue?.heartbeat_seconds).toBe(10);
      await second.end();
    }),
  );
});

describe("a worker", () => {
  it.concurrent(
    "runs what a server asks for that does not work itself, and stops when it is told to",
    inOwnPlace(async ({ sql, environment, cleanUps }) => {
      const server = await startServerProcess({ ...environment, WORKER: "off" });
      cleanUps.push(() => server.kill());
      await sql`insert into rate_limits (key, count, resets_at) values ('old', 1, now() - interval '1 day')`;
      await sql`insert into pgboss.job (name) values ('end-rate-limits')`;
      await pass(3_000);
      expect(await sql`select from rate_limits where key = 'old'`).toHaveLength(1);
      const worker = await startWorkerProcess(environment);
      cleanUps.push(() => worker.kill());
      await until(async () => (await sql`select from rate_limits where key = 'old'`).length === 0);
      expect(await worker.stop()).toMatchObject({ code: 0, signal: null });
      expect(await server.stop()).toMatchObject({ code: 0, signal: null });
    }),
  );
});

describe("a worker that is told to stop in the middle of a job", () => {
  it.concurrent(
    "finishes it, takes no other, and exits with 0",
    inOwnPlace(async ({ sql, environment, cleanUps }) => {
      const worker = await startWorkerProcess(environment);
      cleanUps.push(() => worker.kill());
      await sql.begin(async (lock) => {
        await lock`lock table rate_limits in exclusive mode`;
        await sql`insert into pgboss.job (name) values ('end-rate-limits')`;
        await until(async () => {
          const waiting = sql`select from pg_locks where not granted and relation = 'rate_limits'::regclass`;
          return (await waiting).length > 0;
        });
        worker.signal("SIGTERM");
        await pass(500);
        await sql`insert into pgboss.job (name) values ('end-sessions')`;
      });
      expect(await worker.ended).toMatchObject({ code: 0, signal: null });
      const jobs = sql`select name, state, retry_count from pgboss.job where name like 'end-%' order by name`;
      expect(await jobs).toEqual([
        { name: "end-rate-limits", state: "completed", retry_count: 0 },
        { name: "end-sessions", state: "created", retry_count: 0 },
      ]);
    }),
  );
});

/** A file that stays, and one that was deleted longer ago than it can be restored. */
async function deleteSomethingLongAgo({ sql, environment, cleanUps }: Place): Promise<void> {
  const server = await startServerProcess({ ...environment, WORKER: "off" });
  cleanUps.push(() => server.kill());
  const signIn = { email: "manager@acme.test", password: "filedesk-demo" };
  const { data } = await postGraphQL(server.url, SignInDocument, { input: signIn });
  const { accessToken: token, viewer } = data!.signIn;
  const { id: companyId } = viewer.memberships[0]!.company;
  const created = await postFiles(server.url, {
    query: CreateTicketDocument,
    input: { companyId, subject: "Lamp", description: "" },
    files: ["kept", "deleted"].map((text) => ({ name: `${text}.txt`, bytes: Buffer.from(text) })),
    token,
  });
  const attachment = created.data!.createTicket.attachments.nodes.find(
    ({ fileName }) => fileName === "deleted.txt",
  );
  await postGraphQL(server.url, DeleteAttachmentDocument, { id: attachment!.id }, token);
  await sql`update attachments set deleted_at = deleted_at - interval '20 days' where deleted_at is not null`;
  await sql`update media_files set deleted_at = deleted_at - interval '20 days' where deleted_at is not null`;
  await server.stop();
  // The demo's pictures would be rendered beside the job, and one of them killed with it.
  await sql`delete from pgboss.job where name = 'render-variants'`;
}

const createRuns = ({ sql }: Place) =>
  sql`create table runs (pid int, began timestamptz default now(), ended timestamptz)`;

/** A process with a queue whose only job takes so long; it asks for one run unless there is one already. */
async function startHolder({ databaseUrl, cleanUps }: Place, { ms }: { readonly ms: number }) {
  const script = `
    import { createJobQueue } from ${JSON.stringify(QUEUE)};
    import { pino } from ${JSON.stringify(PINO)};
    import postgres from ${JSON.stringify(import.meta.resolve("postgres"))};
    const [databaseUrl, ms] = process.argv.slice(1);
    const sql = postgres(databaseUrl, { max: 1 });
    const hold = {
      name: "hold", atOnce: 1, timeoutSeconds: 3600, retries: 2, retryAfterSeconds: 1, cron: "0 0 1 1 *",
      async run() {
        await sql\`insert into runs (pid) values (\${process.pid})\`;
        await new Promise((resolve) => setTimeout(resolve, Number(ms)));
        await sql\`update runs set ended = now() where pid = \${process.pid}\`;
      },
    };
    const queue = createJobQueue({ databaseUrl, log: pino({ level: "silent" }), works: true, concurrency: 1 });
    await queue.open([hold]);
    await sql\`insert into pgboss.job (name, policy, retry_limit, retry_delay, heartbeat_seconds, expire_seconds)
      select name, policy, retry_limit, retry_delay, heartbeat_seconds, expire_seconds from pgboss.queue
      where name = 'hold' on conflict do nothing\`;
    await queue.work();
    let runs = [];
    while (runs.length === 0) runs = await sql\`select from runs\`;
    console.log("running");
    process.stdin.resume().on("end", async () => {
      await queue.stop(1000);
      await sql.end();
    });`;
  const holder = startScript(script, [databaseUrl, String(ms)]);
  cleanUps.push(() => holder.kill());
  await holder.nextLine();
  return holder;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not happen in time");
    await pass(25);
  }
}
