import type { SQL } from "drizzle-orm";
import { eq, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";

/**
 * Whether a column's value is one of these. Unlike `in (…)`, the statement is the same for every number of values, so
 * that it is prepared once. A single value is compared with `=`, because an index then also provides the order of the
 * rows.
 */
export function isAnyOf(column: PgColumn, values: readonly string[]): SQL {
  const [only, ...others] = values;
  return only !== undefined && others.length === 0
    ? eq(column, only)
    : sql`${column} = any(${sql.param([...values])})`;
}
