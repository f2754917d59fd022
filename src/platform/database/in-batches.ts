import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { RunOptions } from "../../kernel/run-options.js";
import type { Database } from "./client.js";

/** What one statement removes at most: far below what a statement's time limit allows, on a slow disk as well. */
export const ROWS_PER_STATEMENT = 2_000;

export type BatchOptions = Pick<RunOptions, "onProgress" | "signal">;

/**
 * Removes all rows that a condition holds for, each batch in a statement and a transaction of its own: a run that is
 * cut off leaves fewer for the next one. Nothing is done for rows that come meanwhile.
 *
 * @param condition of one table, without a join; on columns with an index, since each batch looks for its rows anew
 * @returns how many were removed
 */
export async function deleteInBatches(
  db: Database,
  table: PgTable,
  condition: SQL | undefined,
  { onProgress, signal }: BatchOptions = {},
): Promise<number> {
  for (let removed = 0; ; ) {
    signal?.throwIfAborted();
    // By their places on the disk: a row that is changed meanwhile stays for the next batch.
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
