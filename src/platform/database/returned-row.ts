/** The row of a statement that always returns one, such as an insert without a condition. */
export function requireReturnedRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error("The statement returned no row.");
  return row;
}
