import { sql } from "drizzle-orm";
import type { Database } from "./client.js";

/** A role of Postgres, and what it could do to the tables of Filedesk. */
export interface DatabaseRole {
  readonly name: string;
  readonly isSuperuser: boolean;
  /** Whether it owns the database, a schema, a table or a function, or may act as the role that does. */
  readonly isOwner: boolean;
  /** Whether it may create tables beside ours. */
  readonly mayCreate: boolean;
  /** Whether it may change or remove rows of the table that was asked about; false if there is no such table. */
  readonly mayChange: boolean;
}

/**
 * Describes the role of a connection.
 *
 * @param schemas of Filedesk
 * @param table with its schema
 */
export async function describeRole(
  db: Pick<Database, "execute">,
  { schemas, table }: { readonly schemas: readonly string[]; readonly table: string },
): Promise<DatabaseRole> {
  const [row] = await db.execute<DatabaseRole & Record<string, unknown>>(sql`
    with ours as (
      select oid, nspowner from pg_namespace where nspname = any(${sql.param([...schemas])}::text[])
    ), owners as (
      select datdba as owner from pg_database where datname = current_database()
      union select nspowner from ours
      union select relowner from pg_class where relnamespace in (select oid from ours)
      union select proowner from pg_proc where pronamespace in (select oid from ours)
    ), found as (
      select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname || '.' || c.relname = ${table}
    )
    select current_user as name,
      (select rolsuper from pg_roles where rolname = current_user) as "isSuperuser",
      exists (select from owners where pg_has_role(owner, 'MEMBER')) as "isOwner",
      exists (select from ours where has_schema_privilege(oid, 'CREATE')) as "mayCreate",
      exists (select from found where has_table_privilege(oid, 'DELETE, TRUNCATE')
        or has_any_column_privilege(oid, 'UPDATE')) as "mayChange"`);
  if (row === undefined) throw new Error("the role of the database connection is unknown");
  return row;
}
