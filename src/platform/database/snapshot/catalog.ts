import type { Connection } from "../connection.js";

/** A table, and the columns that are copied: not those that Postgres computes. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** The next value of a sequence, and whether `value` has been given out. */
export interface SequenceState {
  readonly schema: string;
  readonly name: string;
  readonly value: string;
  readonly isCalled: boolean;
}

export interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** A name as it is written in a statement. */
export const quoted = (...names: readonly string[]): string =>
  names.map((name) => `"${name.replaceAll('"', '""')}"`).join(".");

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Settings with which values are written as text in the same way everywhere. */
export const SAME_TEXT =
  "set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local extra_float_digits = 1; set local timezone = 'UTC'";

/** The schemas of the desk; the job queue has its own, and fills it from what is recorded here. */
const SCHEMAS = "('public', 'drizzle')";
/** What belongs to an extension is created with it. */
const OF_NO_EXTENSION = `not exists (
  select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

async function rowsOf<Row>(connection: Pick<Connection, "run">, text: string): Promise<readonly Row[]> {
  return (await connection.run({ text, parameters: [] })) as unknown as readonly Row[];
}

/** In a fixed order. */
export const listTables = (connection: Pick<Connection, "run">): Promise<readonly Table[]> =>
  rowsOf<Table>(
    connection,
    `select n.nspname as schema, c.relname as name, (
        select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ${SCHEMAS} and ${OF_NO_EXTENSION}
      order by n.nspname collate "C", c.relname collate "C"`,
  );

/** Anything that somebody has created in the schemas of the desk, or of its job queue: the first few names. */
export async function listOccupants(connection: Pick<Connection, "run">): Promise<readonly string[]> {
  const rows = await rowsOf<{ name: string }>(
    connection,
    `select case n.nspname when 'public' then c.relname else n.nspname || '.' || c.relname end as name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname in ('public', 'drizzle', 'pgboss') and ${OF_NO_EXTENSION}
      order by n.nspname = 'public' desc, c.relname limit 4`,
  );
  return rows.map(({ name }) => name);
}

export interface Creator {
  readonly name: string;
  readonly may: boolean;
}

/** The role of the connection, and whether it may create schemas, and tables in `public`. */
export async function describeCreator(connection: Pick<Connection, "run">): Promise<Creator> {
  const [row] = await rowsOf<Creator>(
    connection,
    `select current_user as name, has_database_privilege(current_database(), 'CREATE')
        and (to_regnamespace('public') is null or has_schema_privilege('public', 'CREATE')) as may`,
  );
  if (row === undefined) throw new Error("the role of the database connection is unknown");
  return row;
}

export async function listSequences(connection: Pick<Connection, "run">): Promise<readonly SequenceState[]> {
  const names = await rowsOf<{ schema: string; name: string }>(
    connection,
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'S' and n.nspname in ${SCHEMAS} and ${OF_NO_EXTENSION} order by 1, 2`,
  );
  const states: SequenceState[] = [];
  for (const { schema, name } of names)
    states.push(
      ...(await rowsOf<SequenceState>(
        connection,
        `select ${literal(schema)} as schema, ${literal(name)} as name, last_value::text as value, is_called as "isCalled"
          from ${quoted(schema, name)}`,
      )),
    );
  return states;
}

export const listForeignKeys = (connection: Pick<Connection, "run">): Promise<readonly ForeignKey[]> =>
  rowsOf<ForeignKey>(
    connection,
    `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as table, quote_ident(k.conname) as name,
        pg_get_constraintdef(k.oid) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'f' and k.conparentid = 0 and n.nspname in ${SCHEMAS} order by 1, 2`,
  );

/** Indexes that no constraint has, and the statements that create them. */
export const listIndexes = (
  connection: Pick<Connection, "run">,
): Promise<readonly { readonly name: string; readonly definition: string }[]> =>
  rowsOf(
    connection,
    `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name, pg_get_indexdef(c.oid) as definition
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ${SCHEMAS} and not exists (select 1 from pg_constraint k where k.conindid = c.oid)
      order by 1`,
  );

/** The id of the installation that a database belongs to; none if it is no database of a desk. */
export async function findInstallationIds(connection: Pick<Connection, "run">): Promise<readonly string[]> {
  const [table] = await rowsOf<{ found: boolean }>(
    connection,
    "select to_regclass('public.installation') is not null as found",
  );
  const text = "select id::text from public.installation";
  return table?.found ? (await rowsOf<{ id: string }>(connection, text)).map(({ id }) => id) : [];
}
