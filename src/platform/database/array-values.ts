import { parsePgArray } from "drizzle-orm/pg-core";

/**
 * Converts an array to a Postgres literal (PostgreSQL, Array Input and Output Syntax); other values are returned
 * unchanged. The driver would first have to query Postgres for array types.
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

/** Fixed oids in `pg_type` of the array types that our statements return: text, varchar, uuid. */
const ARRAYS_OF_TEXTS = [1009, 1015, 2951];

/** Parsers of array types by oid. Without them, the driver returns arrays as texts. */
export const ARRAY_PARSERS: Readonly<Record<number, (text: string) => unknown>> = Object.fromEntries(
  ARRAYS_OF_TEXTS.map((type) => [type, parsePgArray]),
);
