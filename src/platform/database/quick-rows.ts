import type { DriverValueDecoder } from "drizzle-orm";
import { Column, is, noopDecoder, SQL } from "drizzle-orm";

/** Internals of Drizzle's prepared statement: the columns in their order, and a custom result mapper. */
interface Internals {
  readonly fields: readonly { readonly path: readonly string[]; readonly field: unknown }[];
  customResultMapper?: (rows: unknown[][]) => object[];
}

/**
 * Makes a prepared statement map its rows in one pass. Drizzle searches each value's name and decoder for every row,
 * which takes a tenth of the time of a list; this does it once.
 *
 * @param statement a prepared select of flat rows, without nested objects
 */
export function withQuickRows<Statement extends object>(statement: Statement): Statement {
  const internals = statement as unknown as Internals;
  const columns = internals.fields.map(({ path, field }) => ({
    name: path.join("."),
    decoder: decoderOf(field),
  }));
  internals.customResultMapper = (rows) => rows.map((row) => toObject(columns, row));
  return statement;
}

/** Null if the driver's value needs no decoding. */
function decoderOf(field: unknown): DriverValueDecoder<unknown, unknown> | null {
  if (is(field, Column))
    return field.mapFromDriverValue === Column.prototype.mapFromDriverValue ? null : field;
  const { decoder } = (is(field, SQL) ? field : (field as { sql: SQL }).sql) as unknown as {
    decoder: DriverValueDecoder<unknown, unknown>;
  };
  return decoder === noopDecoder ? null : decoder;
}

type Columns = readonly {
  readonly name: string;
  readonly decoder: DriverValueDecoder<unknown, unknown> | null;
}[];

function toObject(columns: Columns, row: readonly unknown[]): object {
  const object: Record<string, unknown> = {};
  columns.forEach(({ name, decoder }, index) => {
    const value = row[index];
    object[name] = value === null || decoder === null ? value : decoder.mapFromDriverValue(value);
  });
  return object;
}
