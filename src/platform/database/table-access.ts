import { sql } from "drizzle-orm";
import type { Database } from "./client.js";

/** What a role that owns no table may do. */
export interface TableAccess {
  /** Schemas whose tables it reads and writes, with the exception of those below. */
  readonly schemas: readonly string[];
  /** Tables that it reads and adds rows to. */
  readonly appendOnly: readonly string[];
  /** Tables that it only reads, in those schemas or in others. */
  readonly readOnly: readonly string[];
  /** Functions that nobody else may call, with their argument types. */
  readonly functions: readonly string[];
}

/**
 * Gives a role exactly this access to tables, in one transaction: rights that were given to it before and are not listed
 * are taken away, so that a table can become append-only. Idempotent.
 *
 * @param db of the owner of the tables
 */
export async function grantAccess(db: Database, role: string, access: TableAccess): Promise<void> {
  const { schemas, appendOnly, readOnly, functions } = access;
  const to = sql.identifier(role);
  const listed = (names: readonly string[]) => sql.raw(names.join(", "));
  const all = listed(schemas);
  const restricted = listed([...appendOnly, ...readOnly]);
  const schemasOfReadOnly = listed([...new Set(readOnly.map((table) => table.split(".")[0] ?? ""))]);
  await db.transaction(async (tx) => {
    for (const statement of [
      sql`grant usage on schema ${all}, ${schemasOfReadOnly} to ${to}`,
      sql`grant select, insert, update, delete on all tables in schema ${all} to ${to}`,
      sql`grant usage, select on all sequences in schema ${all} to ${to}`,
      // A backup contains their values.
      sql`grant select on all sequences in schema ${schemasOfReadOnly} to ${to}`,
      sql`revoke all on ${restricted} from ${to}`,
      sql`grant select on ${restricted} to ${to}`,
      sql`grant insert on ${listed(appendOnly)} to ${to}`,
      sql`grant execute on function ${listed(functions)} to ${to}`,
    ])
      await tx.execute(statement);
  });
}
