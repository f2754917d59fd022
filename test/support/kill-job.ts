import { setTimeout as pass } from "node:timers/promises";
import { pino } from "pino";
import postgres from "postgres";
import { connectDatabase } from "../../src/platform/database/client.js";
import { createJobQueue } from "../../src/platform/jobs/job-queue.js";
import type { BuiltProcess, Environment } from "./server-process.js";
import { startServerProcess, startWorkerProcess } from "./server-process.js";

export interface JobToKill {
  readonly databaseUrl: string;
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
  /** From the kill to the end of the job. */
  readonly seconds: number;
}

/** Longer than a heartbeat may be missing, and a wait before the retry, on a busy machine. */
const PATIENCE_MS = 60_000;

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
    let killedAt = 0;
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
        killedAt = Date.now();
      }
    });
    const attempts = await runOn(sql, job);
    return { attempts, seconds: (Date.now() - killedAt) / 1_000 };
  } finally {
    await sql.end();
  }
}

/** Waits for the end of the job in a new process. @returns how many runs it took */
async function runOn(sql: postgres.Sql, job: JobToKill): Promise<number> {
  const next = await start(job);
  try {
    let attempts = 0;
    await until(`${job.name} ends`, async () => {
      const [row] = await sql<{ state: string; retry_count: number; output: unknown }[]>`
        select state, retry_count, output from pgboss.job where name = ${job.name}
        order by created_on desc limit 1`;
      if (row?.state === "failed") throw new Error(`${job.name} has failed: ${JSON.stringify(row.output)}`);
      attempts = (row?.retry_count ?? 0) + 1;
      return row?.state === "completed";
    });
    return attempts;
  } finally {
    await next.stop();
  }
}

const start = ({ by = "worker", databaseUrl, environment }: JobToKill): Promise<BuiltProcess> =>
  (by === "worker" ? startWorkerProcess : startServerProcess)({ ...environment, DATABASE_URL: databaseUrl });

async function ask({ databaseUrl, name, data = {} }: JobToKill): Promise<void> {
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
