import { sql } from "drizzle-orm";
import type { Db, JobInsert, JobWithMetadata } from "pg-boss";
import { fromDrizzle, PgBoss } from "pg-boss";
import type { Logger } from "pino";
import { newId } from "../../kernel/ids.js";
import type { Database } from "../database/client.js";
import { awaitDisconnection } from "./await-disconnection.js";
import { createClockRepair } from "./clock-repair.js";
import type { Job, JobRequest, JobSender } from "./job.js";
import { createQueueDatabase } from "./queue-database.js";
import { deadQueueOf, ensureQueues } from "./queues.js";
import { createRunner } from "./runner.js";
import { ensureTurnIndex, findNextTurns } from "./turns.repository.js";

export interface JobQueueOptions {
  readonly databaseUrl: string;
  /** For the connection that listens: it leads past a pooler. By default the URL of the database. */
  readonly sessionUrl?: string;
  /** Whether the role of the database owns the queue's schema, which it then creates and updates. By default it does. */
  readonly isOwner?: boolean;
  /** Whether the database is stopped after the queue, which then waits until its connections are closed. */
  readonly databaseIsStopped?: boolean;
  readonly log: Logger;
  /** Whether this process runs jobs, or only enqueues them. */
  readonly works: boolean;
  /** Maximum concurrent runs of one kind of job in this process. */
  readonly concurrency: number;
}

export interface JobQueue {
  /** Enqueues jobs, once the queue is open. */
  readonly sender: JobSender;
  /** Creates a queue for each job, and the queue's schema as its owner, if they are missing. Safe in several processes at once. */
  open(jobs: readonly Job[]): Promise<void>;
  /** Starts running jobs in this process, including recurring ones. */
  work(): Promise<void>;
  /** Takes no more jobs and lets running ones finish; after the timeout they are aborted and will be retried. */
  stop(timeoutMs: number): Promise<void>;
}

/** Fetches, heartbeats and completions are short; one connection listens. */
const CONNECTIONS = 3;
/** How often jobs of killed workers are looked for: those whose last heartbeat is 10 seconds old. */
const SUPERVISE_EVERY_SECONDS = 3;
/** Polling interval for retries; new jobs are announced by NOTIFY. */
const POLL_SECONDS = 1;
/** The same for queues that are not urgent. */
const SLOW_POLL_SECONDS = 3;
/** While the database is unavailable, each queue has the same fault every second: repetitions are logged at `debug`. */
const LOG_AGAIN_AFTER_MS = 10_000;
/** How long aborted runs may take to end during a stop. */
const ABORT_TIMEOUT_MS = 1_000;

/** A queue of jobs in Postgres: pg-boss, on a small pool of its own. */
export function createJobQueue(options: JobQueueOptions): JobQueue {
  const {
    databaseUrl,
    sessionUrl = databaseUrl,
    isOwner = true,
    databaseIsStopped = false,
    log,
    works,
    concurrency,
  } = options;
  const applicationName = `filedesk-jobs ${newId()}`;
  const onFault = faultLog(log);
  const db = createQueueDatabase({
    url: databaseUrl,
    sessionUrl,
    connections: works ? CONNECTIONS : 1,
    applicationName,
    onFault,
  });
  const boss = createBoss(db, { works, isOwner });
  boss.on("error", onFault);
  boss.on("warning", (warning) => log.warn(warning, "the job queue warns"));
  const clockRepair = createClockRepair({ db, log, onFault });
  const runner = createRunner(log);
  let known: readonly Job[] = [];
  let closing: Promise<void> | undefined;

  const workOn = async (job: Job): Promise<void> => {
    const seconds = job.cron ? SLOW_POLL_SECONDS : POLL_SECONDS;
    for (let worker = 0; worker < Math.min(job.atOnce, concurrency); worker++)
      await startWorker(boss, { queue: job.name, seconds, run: (claimed) => runner.run(job, claimed) });
    const handleDead = (letter: JobWithMetadata) => runner.handleDead(job, letter);
    await startWorker(boss, { queue: deadQueueOf(job.name), seconds: SLOW_POLL_SECONDS, run: handleDead });
  };

  return {
    sender: {
      async send(tx, requests) {
        const names = new Set(requests.map(({ name }) => name));
        for (const name of names) {
          const jobs = requests.filter((request) => request.name === name);
          await boss.insert(name, await withTurns(tx, name, jobs), { db: fromDrizzle(tx, sql) });
        }
      },
    },
    async open(jobs) {
      known = jobs;
      await boss.start().catch((error: unknown) => {
        throw isOwner ? error : notInstalled(error);
      });
      await ensureQueues(boss, jobs);
      if (isOwner) await ensureTurnIndex(db);
      if (works) await clockRepair.start();
    },
    async work() {
      for (const job of known) {
        await workOn(job);
        if (job.cron) await boss.schedule(job.name, job.cron, {}, { tz: "UTC", missed: "once" });
      }
      const timed = new Set(known.filter((job) => job.cron).map(({ name }) => name));
      for (const { name } of await boss.getSchedules()) if (!timed.has(name)) await boss.unschedule(name);
    },
    async stop(timeoutMs) {
      await clockRepair.stop();
      await boss.stop({ graceful: true, timeout: timeoutMs });
      await runner.settled(ABORT_TIMEOUT_MS);
      closing ??= db.close();
      await closing;
      // Otherwise the stop of the database would be reported as a fault.
      if (databaseIsStopped) await awaitDisconnection(databaseUrl, applicationName);
    },
  };
}

const createBoss = (
  db: Db,
  { works, isOwner }: { readonly works: boolean; readonly isOwner: boolean },
): PgBoss =>
  new PgBoss({
    db,
    migrate: isOwner,
    supervise: works,
    schedule: works,
    useListenNotify: works,
    superviseIntervalSeconds: SUPERVISE_EVERY_SECONDS,
    monitorIntervalSeconds: SUPERVISE_EVERY_SECONDS,
    maintenanceIntervalSeconds: 300,
    cronWorkerIntervalSeconds: 2,
  });

/** pg-boss says only by its message that its schema is missing or of another version. */
const notInstalled = (error: unknown): unknown =>
  error instanceof Error && /not installed|requires migrations/.test(error.message)
    ? new Error(`${error.message}: run filedesk migrate with DATABASE_MIGRATE_URL.`)
    : error;

/** Logs a fault, and its repetitions only at `debug`. */
function faultLog(log: Logger): (error: unknown) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const isRepeated = performance.now() - loggedAt < LOG_AGAIN_AFTER_MS;
    if (!isRepeated) loggedAt = performance.now();
    log[isRepeated ? "debug" : "error"]({ err: error }, "the job queue has a fault");
  };
}

/** Gives jobs of groups their next turns, with one more statement in the transaction. */
async function withTurns(
  tx: Database,
  queue: string,
  requests: readonly JobRequest[],
): Promise<Omit<JobInsert, "name">[]> {
  const groups = new Set(requests.flatMap(({ group }) => group ?? []));
  if (groups.size === 0) return requests.map(({ data }) => ({ data }));
  const turns = await findNextTurns(tx, queue, [...groups]);
  return requests.map(({ data, group }) => {
    if (group === undefined) return { data };
    const turn = turns.get(group) ?? 0;
    turns.set(group, turn + 1);
    return { data, group: { id: group }, priority: -turn };
  });
}

interface WorkerOptions {
  readonly queue: string;
  /** Polling interval for jobs that were not announced. */
  readonly seconds: number;
  run(claimed: JobWithMetadata): Promise<void>;
}

/**
 * Starts a worker that fetches the next job at once: by default pg-boss waits for the polling interval after each job.
 */
async function startWorker(boss: PgBoss, { queue, seconds, run }: WorkerOptions): Promise<void> {
  const options = {
    pollingIntervalSeconds: seconds,
    notifyPollingIntervalSeconds: seconds,
    includeMetadata: true,
  } as const;
  const worker = await boss.work<object, void, typeof options>(queue, options, async ([claimed]) => {
    try {
      if (claimed) await run(claimed);
    } finally {
      boss.notifyWorker(worker);
    }
  });
}
