import { sql } from "drizzle-orm";
import type { JobInsert, JobWithMetadata } from "pg-boss";
import { fromDrizzle, PgBoss } from "pg-boss";
import type { Logger } from "pino";
import { newId } from "../../kernel/ids.js";
import type { Database } from "../database/client.js";
import { awaitDisconnection } from "./await-disconnection.js";
import { createClockRepair } from "./clock-repair.js";
import { handleErrorsOfEndedClients } from "./ended-clients.js";
import type { Job, JobRequest, JobSender } from "./job.js";
import { deadQueueOf, ensureQueues } from "./queues.js";
import { createRunner } from "./runner.js";
import { ensureTurnIndex, findNextTurns } from "./turns.repository.js";

export interface JobQueueOptions {
  readonly databaseUrl: string;
  readonly log: Logger;
  /** Whether this process runs jobs, or only asks for them. */
  readonly works: boolean;
  /** How many runs of one kind of job go on here at once at most. */
  readonly concurrency: number;
}

export interface JobQueue {
  /** Where jobs are asked for, once the queue is open. */
  readonly sender: JobSender;
  /** Makes what is missing of the queue's own schema, and a queue for each job. Any number of processes may do so at once. */
  open(jobs: readonly Job[]): Promise<void>;
  /** Begins to run the jobs in this process, those with a time of their own too. */
  work(): Promise<void>;
  /**
   * Takes no more jobs and lets those that run finish; what then still runs is aborted and will be tried again.
   * The database has let go of every connection of the queue then, so that it can be stopped.
   */
  stop(timeoutMs: number): Promise<void>;
}

/** Fetches, heartbeats and completions are short; one more connection listens. */
const CONNECTIONS = 3;
/** A worker that was killed has lost its job when its last heartbeat is 10 s old, and this is how often that is looked at. */
const SUPERVISE_EVERY_SECONDS = 3;
/** New jobs are announced; those that are to be tried again are found by looking. */
const POLL_SECONDS = 1;
/** The same for queues whose jobs have no hurry. */
const SLOW_POLL_SECONDS = 3;
/** While the database is away, each queue has the same fault every second: the others are in the log at `debug`. */
const LOG_AGAIN_AFTER_MS = 10_000;
/** How long the aborted runs of a stop may take to notice. */
const ABORT_TIMEOUT_MS = 1_000;

/** A queue of jobs in Postgres: pg-boss, on a small pool of its own. */
export function createJobQueue({ databaseUrl, log, works, concurrency }: JobQueueOptions): JobQueue {
  handleErrorsOfEndedClients();
  const applicationName = `filedesk-jobs ${newId()}`;
  const boss = new PgBoss({
    connectionString: withLibpqModes(databaseUrl),
    application_name: applicationName,
    max: works ? CONNECTIONS : 1,
    supervise: works,
    schedule: works,
    useListenNotify: works,
    superviseIntervalSeconds: SUPERVISE_EVERY_SECONDS,
    monitorIntervalSeconds: SUPERVISE_EVERY_SECONDS,
    maintenanceIntervalSeconds: 300,
    cronWorkerIntervalSeconds: 2,
  });
  let loggedAt = Number.NEGATIVE_INFINITY;
  const onFault = (error: unknown): void => {
    const isRepeated = performance.now() - loggedAt < LOG_AGAIN_AFTER_MS;
    if (!isRepeated) loggedAt = performance.now();
    log[isRepeated ? "debug" : "error"]({ err: error }, "the job queue has a fault");
  };
  boss.on("error", onFault);
  boss.on("warning", (warning) => log.warn(warning, "the job queue warns"));
  const clockRepair = createClockRepair({ db: boss.getDb(), log, onFault });
  const runner = createRunner(log);
  let known: readonly Job[] = [];

  const workOn = async (job: Job): Promise<void> => {
    const seconds = job.cron ? SLOW_POLL_SECONDS : POLL_SECONDS;
    for (let worker = 0; worker < Math.min(job.atOnce, concurrency); worker++)
      await startWorker(boss, { queue: job.name, seconds, run: (claimed) => runner.run(job, claimed) });
    const bury = (letter: JobWithMetadata) => runner.bury(job, letter);
    await startWorker(boss, { queue: deadQueueOf(job.name), seconds: SLOW_POLL_SECONDS, run: bury });
  };

  return {
    sender: {
      async send(tx, requests) {
        const names = new Set(requests.map(({ name }) => name));
        for (const name of names) {
          const asked = requests.filter((request) => request.name === name);
          await boss.insert(name, await inTurn(tx, name, asked), { db: fromDrizzle(tx, sql) });
        }
      },
    },
    async open(jobs) {
      known = jobs;
      await boss.start();
      await ensureQueues(boss, jobs);
      await ensureTurnIndex(boss.getDb());
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
      // Otherwise stopping the database next would be reported as a fault.
      await awaitDisconnection(databaseUrl, applicationName);
    },
  };
}

/** Jobs of groups get the turns that come next for them; they cost the transaction one statement more. */
async function inTurn(
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
  /** How often to look for what nobody announced. */
  readonly seconds: number;
  run(claimed: JobWithMetadata): Promise<void>;
}

/** One job after the other: by itself pg-boss would wait after each for as long as after having found none. */
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

/** The two drivers read `sslmode` differently; our other one reads it as libpq does. */
function withLibpqModes(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (url.searchParams.has("sslmode")) url.searchParams.set("uselibpqcompat", "true");
  return url.href;
}
