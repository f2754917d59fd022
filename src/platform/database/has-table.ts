import { sql } from "drizzle-orm";
import type { Database } from "./client.js";

/** Whether a database has a table of this name. A new database, or one of an older version, may not. */
export async function hasTable(db: Pick<Database, "execute">, name: string): Promise<boolean> {
  const [row] = await db.execute<{ found: boolean }>(sql`select to_regclass(${name}) is not null as found`);
  return row?.found ?? false;
}
