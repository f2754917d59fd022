import { parsePgArray } from "drizzle-orm/pg-core";

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

/** What `pg_type` says for ever of the types of arrays that our statements give back: text, varchar, uuid. */
const ARRAYS_OF_TEXTS = [1009, 1015, 2951];

/** Readers of arrays by the number of their type. Without asking Postgres, the driver gives them as one text. */
export const ARRAY_PARSERS: Readonly<Record<number, (text: string) => unknown>> = Object.fromEntries(
  ARRAYS_OF_TEXTS.map((type) => [type, parsePgArray]),
);
