import type postgres from "postgres";

/** By table. */
export type Contents = Readonly<Record<string, string | null>>;

/**
 * What stands in every table, as hashes to be compared; but for the counts of requests, the refusals that the audit log
 * gets once a minute, and the marks by which database and storage know each other.
 */
export async function wholeDatabase(sql: postgres.Sql): Promise<Contents> {
  const tables = await sql<{ name: string }[]>`select tablename as name from pg_tables
    where schemaname = 'public' and tablename not in ('rate_limits', 'installation')`;
  const contents = tables.map(
    ({ name }) =>
      `select '${name}' as name, md5(string_agg(t::text, ',' order by t::text)) as content from "${name}" t ${name === "audit_log" ? "where action not in ('request.refused', 'user.sign-in-refused')" : ""}`,
  );
  const rows = await sql.unsafe<{ name: string; content: string | null }[]>(contents.join(" union all "));
  return Object.fromEntries(rows.map(({ name, content }) => [name, content]));
}
