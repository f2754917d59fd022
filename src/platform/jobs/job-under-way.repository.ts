import { sql } from "drizzle-orm";
import type { Database } from "../database/client.js";

/** Which jobs of a kind wait, run, or are to be tried again: the values of one field of what was asked for. */
export async function listUnderWay(
  db: Pick<Database, "execute">,
  { name, field }: { readonly name: string; readonly field: string },
): Promise<Set<string>> {
  const rows = await db.execute<{ value: string }>(sql`
    select data ->> ${field} as value from pgboss.job
    where name = ${name} and state in ('created', 'retry', 'active') and data ->> ${field} is not null`);
  return new Set(rows.map(({ value }) => value));
}
