import type { PgBoss, Queue } from "pg-boss";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../kernel/clock.js";
import type { Job } from "./job.js";

/** The queue for jobs whose last retry has failed. */
export const deadQueueOf = (name: string): string => `${name}${DEAD_ENDING}`;
export const DEAD_ENDING = ".dead";

const HEARTBEAT_SECONDS = 10;
const FIRST_RETRY_SECONDS = 2;
const LONGEST_RETRY_SECONDS = HOUR_MS / SECOND_MS;
/**
 * Finished jobs are deleted soon, dead ones are kept for the operator, and waiting ones are practically never dropped.
 */
const KEEP_DONE_SECONDS = HOUR_MS / SECOND_MS;
const KEEP_DEAD_SECONDS = (30 * DAY_MS) / SECOND_MS;
const KEEP_WAITING_SECONDS = (365 * DAY_MS) / SECOND_MS;
const MANY_WAITING = 100_000;

/** Creates a queue and a dead-letter queue for each job, and updates existing ones. */
export async function ensureQueues(boss: PgBoss, jobs: readonly Job[]): Promise<void> {
  const found = new Map((await boss.getQueues()).map((queue) => [queue.name, queue]));
  const ensure = async ({ name, policy, ...settings }: Queue) => {
    const queue = found.get(name);
    if (queue === undefined) await boss.createQueue(name, { policy: policy ?? "standard", ...settings });
    // Some settings cannot be set on creation.
    if (queue === undefined || differs(queue, settings)) await boss.updateQueue(name, settings);
  };
  for (const job of jobs) {
    await ensure(deadQueue(job));
    await ensure(queue(job));
  }
}

const queue = (job: Job): Queue => ({
  name: job.name,
  policy: job.cron ? "exclusive" : "standard",
  retryLimit: job.retries,
  retryDelay: job.retryAfterSeconds ?? FIRST_RETRY_SECONDS,
  retryBackoff: true,
  retryDelayMax: LONGEST_RETRY_SECONDS,
  expireInSeconds: job.timeoutSeconds,
  heartbeatSeconds: HEARTBEAT_SECONDS,
  deleteAfterSeconds: KEEP_DONE_SECONDS,
  retentionSeconds: KEEP_WAITING_SECONDS,
  warningQueueSize: MANY_WAITING,
  deadLetter: deadQueueOf(job.name),
  notify: true,
});

const deadQueue = (job: Job): Queue => ({
  name: deadQueueOf(job.name),
  retryLimit: 20,
  retryDelay: FIRST_RETRY_SECONDS,
  retryBackoff: true,
  retryDelayMax: LONGEST_RETRY_SECONDS,
  expireInSeconds: job.timeoutSeconds,
  heartbeatSeconds: HEARTBEAT_SECONDS,
  deleteAfterSeconds: KEEP_DEAD_SECONDS,
  retentionSeconds: KEEP_WAITING_SECONDS,
});

const differs = (queue: object, settings: object): boolean =>
  Object.entries(settings).some(([name, value]) => queue[name as keyof typeof queue] !== value);
