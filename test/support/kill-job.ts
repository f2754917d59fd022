import { setTimeout as pass } from "node:timers/promises";
import { pino } from "pino";
import postgres from "postgres";
import { connectDatabase } from "../../src/platform/database/client.js";
import { createJobQueue } from "../../src/platform/jobs/job-queue.js";
import type { BuiltProcess, Environment } from "./server-process.js";
import { startServerProcess, startWorkerProcess } from "./server-process.js";

export interface JobToKill {
  /** Of the owner of the tables. */
  readonly databaseUrl: string;
  /** Of the process that runs the job. */
  readonly serverUrl: string;
  /** Of the process that runs the job; DATABASE_URL is set already. */
  readonly environment: Environment;
  readonly name: string;
  readonly data?: object;
  /** The job is killed while it waits to change a row of this table, which is locked against changes meanwhile. */
  readonly heldAt: string;
  /** Who runs it. A server of the same data folder must not run beside a server. */
  readonly by?: "worker" | "server";
}

export interface KilledJob {
  /** Runs that began: 2 when it ran again once. */
  readonly attempts: number;
}

/** Only a job that never comes makes anybody wait so long. */
const PATIENCE_MS = 150_000;

/** As though the killed worker's last heartbeat were long ago: that it is awaited in truth `job-kill.long.ts` shows. */
const loseHeartbeats = (sql: postgres.Sql) =>
  sql`update pgboss.job set heartbeat_on = heartbeat_on - interval '1 minute' where state = 'active'`;

/** As though the wait before the retry were over: that it is kept `job-queue.test.ts` shows. */
const endWait = (sql: postgres.Sql, name: string) =>
  sql`update pgboss.job set start_after = now() where name = ${name} and state = 'retry' and start_after > now()`;

/**
 * Asks for a job, kills the process that runs it (kill -9) in the middle, starts another one and waits for the end
 * of the job.
 *
 * @throws when the job does not get to the table, or does not end well
 */
export async function killJob(job: JobToKill): Promise<KilledJob> {
  const sql = postgres(job.databaseUrl, { max: 4, onnotice: () => {} });
  try {
    const first = await start(job);
    await sql.begin(async (lock) => {
      try {
        await lock`lock table ${sql(job.heldAt)} in exclusive mode`;
        await ask(job);
        await until(`${job.name} waits for ${job.heldAt}`, async () => {
          const waiting = await sql`
            select from pg_locks where not granted and relation = ${job.heldAt}::regclass
              and exists (select from pgboss.job where name = ${job.name} and state = 'active')`;
          return waiting.length > 0;
        });
      } finally {
        await first.kill();
      }
    });
    await loseHeartbeats(sql);
    return { attempts: await runOn(sql, job) };
  } finally {
    await sql.end();
  }
}

/** Waits for the end of the job in a new process. @returns how many runs it took */
async function runOn(sql: postgres.Sql, job: JobToKill): Promise<number> {
  const next = await start(job);
  try {
    return await attemptsOf(sql, job.name);
  } finally {
    await next.stop();
  }
}

/** Waits for the end of a job. @returns how many runs it took */
async function attemptsOf(sql: postgres.Sql, name: string): Promise<number> {
  let attempts = 0;
  await until(`${name} ends`, async () => {
    await endWait(sql, name);
    const [row] = await sql<{ state: string; retry_count: number; output: unknown }[]>`
      select state, retry_count, output from pgboss.job where name = ${name}
      order by created_on desc limit 1`;
    if (row?.state === "failed") throw new Error(`${name} has failed: ${JSON.stringify(row.output)}`);
    attempts = (row?.retry_count ?? 0) + 1;
    return row?.state === "completed";
  });
  return attempts;
}

const start = ({ by = "worker", serverUrl, environment }: JobToKill): Promise<BuiltProcess> =>
  (by === "worker" ? startWorkerProcess : startServerProcess)({ ...environment, DATABASE_URL: serverUrl });

async function ask({
  serverUrl: databaseUrl,
  name,
  data = {},
}: Pick<JobToKill, "serverUrl" | "name" | "data">): Promise<void> {
  const client = connectDatabase(databaseUrl, { connections: 1 });
  const log = pino({ level: "silent" });
  const queue = createJobQueue({ databaseUrl, log, works: false, concurrency: 1 });
  try {
    await queue.open([]);
    await queue.sender.send(client.db, [{ name, data }]);
  } finally {
    await queue.stop(1_000);
    await client.close();
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it did not happen in time: ${what}`);
    await pass(25);
  }
}

export interface JobsToKill extends Pick<JobToKill, "databaseUrl" | "serverUrl" | "environment"> {
  /** Locked against changes until the kill. */
  readonly held: readonly string[];
  /** Asked for one after the other; the last one must be in its middle when the others are. */
  readonly jobs: readonly { readonly name: string; isInTheMiddle(sql: postgres.Sql): Promise<boolean> }[];
}

/** Kills one worker in the middle of several jobs, has another one run them to their end. @returns how many runs each took */
export async function killJobs({ held, jobs, ...where }: JobsToKill): Promise<Record<string, number>> {
  const sql = postgres(where.databaseUrl, { max: 2 + held.length, onnotice: () => {} });
  try {
    const first = await startWorkerProcess({ ...where.environment, DATABASE_URL: where.serverUrl });
    await sql.begin(async (lock) => {
      try {
        for (const table of held) await lock`lock table ${sql(table)} in exclusive mode`;
        for (const { name, isInTheMiddle } of jobs) {
          await ask({ ...where, name });
          await until(`${name} is in its middle`, () => isInTheMiddle(sql));
        }
      } finally {
        await first.kill();
      }
    });
    const cut = await sql`select name from pgboss.job where state = 'active'`;
    const missed = jobs.filter(({ name }) => !cut.some((row) => row.name === name));
    if (missed.length > 0) throw new Error(`not under way: ${missed.map(({ name }) => name).join(", ")}`);
    await loseHeartbeats(sql);
    return await runAllOn(sql, where, jobs);
  } finally {
    await sql.end();
  }
}

async function runAllOn(
  sql: postgres.Sql,
  { serverUrl, environment }: Pick<JobToKill, "serverUrl" | "environment">,
  jobs: JobsToKill["jobs"],
): Promise<Record<string, number>> {
  const next = await startWorkerProcess({ ...environment, DATABASE_URL: serverUrl });
  try {
    const attempts: Record<string, number> = {};
    for (const { name } of jobs) attempts[name] = await attemptsOf(sql, name);
    return attempts;
  } finally {
    await next.stop();
  }
}
