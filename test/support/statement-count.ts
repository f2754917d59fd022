/**
 * How many statements a request costs: the least of three runs, for what a server does beside it (a pruning, the
 * refusals of the last minute that are written to the audit log) can only add to them. What the driver asks of each
 * new connection does not count.
 *
 * @param statements where the server under test records what it runs (`onStatement`); emptied before each run, and
 *   left with the statements of the cheapest one
 */
export async function countStatements(statements: string[], ask: () => Promise<unknown>): Promise<number> {
  let fewest: string[] | null = null;
  for (let run = 0; run < 3; run++) {
    statements.length = 0;
    await ask();
    const own = statements.filter((statement) => !statement.includes("pg_catalog.pg_type"));
    if (!fewest || own.length < fewest.length) fewest = own;
  }
  statements.splice(0, statements.length, ...fewest!);
  return fewest!.length;
}
