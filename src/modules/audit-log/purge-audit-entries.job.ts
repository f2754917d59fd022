import type { Clock } from "../../kernel/clock.js";
import { DAY_MS } from "../../kernel/clock.js";
import type { Database } from "../../platform/database/client.js";
import type { Job } from "../../platform/jobs/job.js";
import { purgeAuditEntries } from "./audit-log.repository.js";

export interface PurgeAuditEntriesDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** How long entries are kept; 0: for ever. */
  readonly auditDays: number;
}

/** Purges entries of the audit log that are older than the operator wants to keep. */
export const createPurgeAuditEntriesJob = ({ db, clock, auditDays }: PurgeAuditEntriesDeps): Job => ({
  name: "purge-audit-entries",
  atOnce: 1,
  timeoutSeconds: 3_600,
  retries: 3,
  cron: "41 3 * * *",
  run: async (_data, signal) => {
    if (auditDays === 0) return;
    await purgeAuditEntries(db, new Date(clock().getTime() - auditDays * DAY_MS), { signal });
  },
});
