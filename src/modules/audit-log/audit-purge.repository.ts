import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import type { BatchOptions } from "../../platform/database/in-batches.js";
import { ROWS_PER_STATEMENT } from "../../platform/database/in-batches.js";
import { auditRetention } from "../identity/audit/audit.tables.js";

// The role of a running server may not delete entries: functions of the database do it, within what its owner allows
// (docs/decisions/0064).

/**
 * Sets how long entries are kept at least.
 *
 * @param db of the owner of the tables
 * @param days 0: for ever
 */
export async function setAuditRetention(db: Database, days: number): Promise<void> {
  await db
    .insert(auditRetention)
    .values({ days })
    .onConflictDoUpdate({
      target: auditRetention.isThis,
      set: { days },
      setWhere: sql`${auditRetention.days} <> ${days}`,
    });
}

/** How long entries are kept at least, in days; 0: for ever. */
export async function findAuditRetention(db: Database): Promise<number> {
  const [row] = await db.select({ days: auditRetention.days }).from(auditRetention);
  return row?.days ?? 0;
}

/** Removes the entries of before a moment that are older than the retention, in batches. @returns how many */
export const purgeAuditEntries = (db: Database, before: Date, options: BatchOptions): Promise<number> =>
  inBatches(db, sql`purge_audit_entries(${before.toISOString()}, ${ROWS_PER_STATEMENT})`, options);

/** Removes the entries of a purged company that are older than 30 days, in batches. @returns how many */
export const purgeAuditEntriesOf = (
  db: Database,
  companyId: string,
  options: BatchOptions,
): Promise<number> =>
  inBatches(db, sql`purge_audit_entries_of(${companyId}, ${ROWS_PER_STATEMENT})`, options);

/** The companies in the audit log that have been purged. Skips from company to company in an index. */
export async function listPurgedCompanies(db: Database): Promise<string[]> {
  const rows = await db.execute<{ id: string }>(sql`
    with recursive named as (
      (select company_id as id from audit_log where company_id is not null order by company_id limit 1)
      union all
      select (select company_id from audit_log where company_id > named.id order by company_id limit 1)
      from named where named.id is not null
    )
    select id from named where id is not null and not exists (select from companies where companies.id = named.id)`);
  return rows.map(({ id }) => id);
}

/** Calls a function that removes a batch, until there are no more. */
async function inBatches(db: Database, purge: SQL, { onProgress, signal }: BatchOptions): Promise<number> {
  for (let removed = 0; ; ) {
    signal?.throwIfAborted();
    const [row] = await db.execute<{ removed: number }>(sql`select ${purge} as removed`);
    const batch = row?.removed ?? 0;
    if (batch === 0) return removed;
    removed += batch;
    onProgress?.({ done: removed, total: null });
  }
}
