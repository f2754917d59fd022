import { systemClock } from "../../kernel/clock.js";
import { createPurgeAuditEntriesJob } from "../../modules/audit-log/purge-audit-entries.job.js";
import { createEndSessionsJob } from "../../modules/identity/sessions/end-sessions.job.js";
import { createUpkeepJobs } from "../../modules/media/upkeep/upkeep.job.js";
import { createPurgeWebhooksJob } from "../../modules/webhooks/purge-webhooks.job.js";
import type { Config } from "../../platform/config/config.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { Job } from "../../platform/jobs/job.js";
import { createEndRateLimitsJob } from "../../platform/rate-limit/end-rate-limits.job.js";
import type { Services } from "./services.js";

export interface JobsOptions {
  readonly config: Config;
  readonly database: DatabaseClient;
  readonly services: Services;
}

/** All jobs of the installation. A job that is not listed here can be neither enqueued nor run. */
export function createJobs({ config, database: { background: db }, services }: JobsOptions): readonly Job[] {
  const clock = systemClock;
  const { upkeep } = services;
  return [
    services.renderVariants,
    services.scanJobs.scanFile,
    services.scanJobs.findUnscanned,
    ...createUpkeepJobs({ ...upkeep, purgeOrphans: config.PURGE_ORPHANS ? upkeep.purgeOrphans : undefined }),
    createEndRateLimitsJob({ db }),
    createEndSessionsJob({ db, clock }),
    createPurgeWebhooksJob({ db, clock, eventDays: config.EVENT_DAYS }),
    createPurgeAuditEntriesJob({ db, clock, auditDays: config.AUDIT_DAYS }),
  ];
}
