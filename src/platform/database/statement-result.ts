import type postgres from "postgres";

export type Rows = postgres.RowList<postgres.Row[]>;

/** A statement as Drizzle expects it from a driver: it runs when it is awaited, with rows in the requested form. */
export interface StatementResult extends PromiseLike<Rows> {
  values(): Promise<Rows>;
}

/** @param run gets whether rows are requested as arrays of values instead of objects */
export const statementResult = (run: (asValues: boolean) => Promise<Rows>): StatementResult => ({
  values: () => run(true),
  // biome-ignore lint/suspicious/noThenProperty: it is awaited like the driver's own queries.
  then: (fulfilled, rejected) => run(false).then(fulfilled, rejected),
});
