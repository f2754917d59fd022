import type { Clock } from "../../kernel/clock.js";
import { DAY_MS } from "../../kernel/clock.js";
import type { Database } from "../../platform/database/client.js";
import type { Job } from "../../platform/jobs/job.js";
import { listPurgedCompanies, purgeAuditEntries, purgeAuditEntriesOf } from "./audit-purge.repository.js";

export interface PurgeAuditEntriesDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** How long entries are kept; 0: for ever. */
  readonly auditDays: number;
}

/**
 * Purges entries of the audit log that are older than the operator wants to keep, and those of purged companies after
 * 30 days.
 */
export const createPurgeAuditEntriesJob = ({ db, clock, auditDays }: PurgeAuditEntriesDeps): Job => ({
  name: "purge-audit-entries",
  atOnce: 1,
  timeoutSeconds: 3_600,
  retries: 3,
  cron: "41 3 * * *",
  run: async (_data, signal) => {
    for (const companyId of await listPurgedCompanies(db))
      await purgeAuditEntriesOf(db, companyId, { signal });
    if (auditDays === 0) return;
    await purgeAuditEntries(db, new Date(clock().getTime() - auditDays * DAY_MS), { signal });
  },
});
