import type { RunOptions } from "../../../kernel/run-options.js";
import type { Job } from "../../../platform/jobs/job.js";

type Task = (options: RunOptions) => Promise<object>;

/** The tasks of the jobs; a task that is left out has no job. */
export interface UpkeepTasks {
  readonly purgeDeleted: Task;
  readonly purgeExpired: Task;
  readonly purgeOrphans?: Task | undefined;
  readonly sweepStorage: Task;
  readonly sweepUploads: Task;
  readonly retryRenderings: Task;
  readonly findMissing: Task;
  readonly verifyIntegrity: Task;
  readonly pruneEvents: Task;
}

/** The next run does the rest. */
const TIMEOUT_SECONDS = 3_600;

/** Schedules in UTC: the hourly ones at different minutes, the daily ones at night. */
const TIMES = [
  ["sweep-storage", "*/15 * * * *", "sweepStorage"],
  ["purge-expired", "5-59/15 * * * *", "purgeExpired"],
  ["retry-renderings", "3-59/15 * * * *", "retryRenderings"],
  ["purge-deleted", "11 * * * *", "purgeDeleted"],
  ["sweep-uploads", "10-59/15 * * * *", "sweepUploads"],
  ["purge-orphans", "17 1 * * *", "purgeOrphans"],
  ["prune-events", "41 1 * * *", "pruneEvents"],
  ["find-missing", "7 2 * * *", "findMissing"],
  ["verify-integrity", "7 3 * * *", "verifyIntegrity"],
] as const satisfies readonly (readonly [string, string, keyof UpkeepTasks])[];

/** The maintenance jobs. */
export function createUpkeepJobs(tasks: UpkeepTasks): Job[] {
  return TIMES.flatMap(([name, cron, task]) => {
    const run = tasks[task];
    if (!run) return [];
    return [
      {
        name,
        atOnce: 1,
        timeoutSeconds: TIMEOUT_SECONDS,
        retries: 3,
        cron,
        run: (_data: object, signal: AbortSignal) => run({ signal }),
      },
    ];
  });
}
