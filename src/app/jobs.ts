import { systemClock } from "../kernel/clock.js";
import { createEndSessionsJob } from "../modules/identity/end-sessions.job.js";
import { createSweepStorageJob } from "../modules/media/sweep-storage.job.js";
import { createPurgeDeletedJob } from "../modules/tickets/purge-deleted.job.js";
import type { Config } from "../platform/config/config.js";
import type { DatabaseClient } from "../platform/database/client.js";
import type { Job } from "../platform/jobs/job.js";
import { createEndRateLimitsJob } from "../platform/rate-limit/end-rate-limits.job.js";
import type { Services } from "./services.js";

export interface JobsOptions {
  readonly config: Config;
  readonly database: DatabaseClient;
  readonly services: Services;
}

/** Every job of the installation. A job that is not listed here can be neither asked for nor run. */
export function createJobs({ config, database: { db }, services }: JobsOptions): readonly Job[] {
  const clock = systemClock;
  return [
    services.renderVariants,
    createSweepStorageJob(services),
    createPurgeDeletedJob({ ...services, clock, retentionDays: config.RETENTION_DAYS }),
    createEndRateLimitsJob({ db }),
    createEndSessionsJob({ db, clock }),
  ];
}
