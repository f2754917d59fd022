/**
 * An array in the form in which Postgres reads it (PostgreSQL, Array Input and Output Syntax); everything else as it is.
 * The driver would have to ask Postgres for the types of arrays first.
 */
export function toArrayLiteral(value: unknown): unknown {
  return Array.isArray(value) ? literalOf(value) : value;
}

const literalOf = (values: readonly unknown[]): string => `{${values.map(elementOf).join(",")}}`;

function elementOf(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return literalOf(value);
  return `"${textOf(value).replace(/[\\"]/g, "\\$&")}"`;
}

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
