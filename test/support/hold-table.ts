import type { Sql } from "postgres";

export interface HeldTable {
  /** Statements that wait for it now. */
  waiting(): Promise<number>;
  /** Resolves when a statement has waited for it for so long. */
  keptWaiting(milliseconds: number): Promise<void>;
  release(): Promise<void>;
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 10));

/** Keeps a table from everybody: whoever reads or writes it waits until it is released, as for a statement that takes long. */
export async function holdTable(sql: Sql, table: string): Promise<HeldTable> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let locked = () => {};
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  const holding = sql.begin(async (tx) => {
    await tx`lock table ${sql(table)} in access exclusive mode`;
    locked();
    await released;
  });
  await Promise.race([isLocked, holding]);
  const waitedFor = async (milliseconds: number) => {
    const [row] = await sql`select count(*)::int as count from pg_locks
      where not granted and relation = ${table}::regclass and waitstart < clock_timestamp() - make_interval(secs => ${milliseconds / 1_000})`;
    return Number(row?.count);
  };
  return {
    waiting: () => waitedFor(0),
    async keptWaiting(milliseconds) {
      while ((await waitedFor(milliseconds)) === 0) await soon();
    },
    async release() {
      release();
      await holding;
    },
  };
}
