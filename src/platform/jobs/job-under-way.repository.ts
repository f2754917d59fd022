import { sql } from "drizzle-orm";
import type { Database } from "../database/client.js";

/** The values of one data field of all jobs of a kind that wait, run or will be retried. */
export async function listUnderWay(
  db: Pick<Database, "execute">,
  { name, field }: { readonly name: string; readonly field: string },
): Promise<Set<string>> {
  const rows = await db.execute<{ value: string }>(sql`
    select data ->> ${field} as value from pgboss.job
    where name = ${name} and state in ('created', 'retry', 'active') and data ->> ${field} is not null`);
  return new Set(rows.map(({ value }) => value));
}
