import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { RunOptions } from "../../kernel/run-options.js";
import type { Database } from "./client.js";

/** Maximum rows that one statement deletes: far below what the statement timeout allows, even on a slow disk. */
export const ROWS_PER_STATEMENT = 2_000;

export type BatchOptions = Pick<RunOptions, "onProgress" | "signal">;

/**
 * Deletes all rows that match a condition, each batch in a statement and transaction of its own, so that an interrupted
 * run leaves fewer rows for the next one. Rows that are added meanwhile may remain.
 *
 * @param condition of one table, without a join; on indexed columns, because each batch searches for its rows
 * @returns the number of deleted rows
 */
export async function deleteInBatches(
  db: Database,
  table: PgTable,
  condition: SQL | undefined,
  { onProgress, signal }: BatchOptions = {},
): Promise<number> {
  for (let removed = 0; ; ) {
    signal?.throwIfAborted();
    // By `ctid`: a row that is updated meanwhile is left to the next batch.
    const some = sql`select ctid from ${table} where ${condition ?? sql`true`} limit ${ROWS_PER_STATEMENT}`;
    const rows = await db
      .delete(table)
      .where(sql`ctid = any(array(${some})) and ${condition ?? sql`true`}`)
      .returning({ one: sql<number>`1` });
    removed += rows.length;
    if (rows.length > 0) onProgress?.({ done: removed, total: null });
    if (rows.length === 0) return removed;
  }
}
