import type postgres from "postgres";

/**
 * Runs something while somebody else's change waits for its commit: it sees everything as it was before, until it has to
 * wait for a row that is being changed. Then the change is committed.
 *
 * @param run whatever does not wait for the change is over before it
 */
export async function overtaken<Answer>(
  sql: postgres.Sql,
  change: (tx: postgres.TransactionSql) => Promise<unknown>,
  run: () => Promise<Answer>,
): Promise<Answer> {
  let answer: Promise<Answer> | undefined;
  await sql.begin(async (tx) => {
    const [self] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await change(tx);
    answer = run();
    let isOver = false;
    answer.finally(() => (isOver = true)).catch(() => {});
    while (!isOver && !(await isWaitedFor(sql, self!.pid)));
  });
  return answer as Promise<Answer>;
}

async function isWaitedFor(sql: postgres.Sql, pid: number): Promise<boolean> {
  const waiting = await sql`select from pg_stat_activity
    where datname = current_database() and ${pid} = any(pg_blocking_pids(pid))`;
  return waiting.length > 0;
}
