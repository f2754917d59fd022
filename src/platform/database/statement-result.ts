import type postgres from "postgres";

export type Rows = postgres.RowList<postgres.Row[]>;

/** What Drizzle is given for a statement: it runs when it is waited for, and says first in which form it wants the rows. */
export interface StatementResult extends PromiseLike<Rows> {
  values(): Promise<Rows>;
}

/** @param run is told whether rows are wanted as arrays of values, instead of objects */
export const statementResult = (run: (asValues: boolean) => Promise<Rows>): StatementResult => ({
  values: () => run(true),
  // biome-ignore lint/suspicious/noThenProperty: it is waited for, as the driver's own queries are.
  then: (fulfilled, rejected) => run(false).then(fulfilled, rejected),
});
