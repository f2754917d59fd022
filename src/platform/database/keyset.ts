import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { isId } from "../../kernel/ids.js";
import type { PageRequest, Position } from "../../kernel/pagination.js";
import { foreignCursor } from "../../kernel/pagination.js";

/** The order of a list: its keys, the last of them unique, all in one direction. */
export interface SortOrder {
  /** First value in the cursors of a list with several orders, so that cursors of different orders are not confused. */
  readonly name?: string;
  readonly keys: readonly PgColumn[];
  readonly descending: boolean;
}

/**
 * The parts of a statement that reads one page by its keys, so that page 1,000 costs as much as page 1.
 *
 * @throws BAD_USER_INPUT if the cursor belongs to another order
 */
export function keyset({ name, keys, descending }: SortOrder, request: PageRequest) {
  const from = name === undefined ? request.from : positionIn(name, request.from);
  const ascending = descending !== (request.direction === "forward");
  const toward = sql.raw(ascending ? "asc" : "desc");
  return {
    orderBy: keys.map((key) => sql`${key} ${toward}`),
    /** One more than the page size, to find out whether there is another page. */
    limit: request.limit + 1,
    where:
      from === null
        ? undefined
        : behind(
            keys,
            keys.map((key, index) => checked(key, from[index])),
            ascending,
          ),
  };
}

function positionIn(order: string, from: Position | null): Position | null {
  if (from === null) return null;
  if (from[0] !== order) throw foreignCursor();
  return from.slice(1);
}

/** The part of a page request that determines the text of its statement, for `preparedByShape`. */
export const pageShape = ({ direction, from }: PageRequest) => ({ direction, isContinued: from !== null });

/** As `keyset`, with placeholders for the values, which `keysetValues` returns. */
export function keysetTemplate(
  { keys, descending }: SortOrder,
  { direction, isContinued }: ReturnType<typeof pageShape>,
) {
  const ascending = descending !== (direction === "forward");
  const toward = sql.raw(ascending ? "asc" : "desc");
  const placeholders = keys.map((_, index) => sql.placeholder(`position${index}`));
  return {
    orderBy: keys.map((key) => sql`${key} ${toward}`),
    limit: sql.placeholder("limit"),
    where: isContinued ? behind(keys, placeholders, ascending) : undefined,
  };
}

/** @throws BAD_USER_INPUT if the cursor belongs to another order */
export function keysetValues({ name, keys }: SortOrder, request: PageRequest): Record<string, unknown> {
  const from = name === undefined ? request.from : positionIn(name, request.from);
  const position = from === null ? [] : keys.map((key, index) => checked(key, from[index]));
  return {
    limit: request.limit + 1,
    ...Object.fromEntries(position.map((value, index) => [`position${index}`, value])),
  };
}

/** A row-value comparison, which can use an index on the keys (SQL:1992 §8.2). */
function behind(keys: readonly PgColumn[], from: readonly unknown[], ascending: boolean): SQL {
  const values = keys.map((key, index) => sql`${from[index]}::${sql.raw(key.getSQLType())}`);
  return sql`(${sql.join([...keys], sql`, `)}) ${sql.raw(ascending ? ">" : "<")} (${sql.join(values, sql`, `)})`;
}

/** A cursor is untrusted input: checks that its values fit their columns before they are sent to the database. */
function checked(key: PgColumn, value: string | number | null | undefined): string | number {
  if (value == null || !fits(key, value)) throw foreignCursor();
  return value;
}

function fits({ columnType, dataType, enumValues }: PgColumn, value: string | number): boolean {
  if (columnType === "PgBigInt53") return Number.isSafeInteger(value);
  // An `integer` has 32 bits.
  if (dataType === "number") return typeof value === "number" && (value | 0) === value;
  if (typeof value !== "string" || value.includes("\0")) return false;
  if (columnType === "PgUUID") return isId(value);
  if (dataType === "date") return isMoment(value);
  return enumValues?.includes(value) ?? true;
}

/**
 * Accepts only the format of `Date.prototype.toISOString` in the years 1 to 9999: Postgres does not support all formats
 * that JavaScript parses.
 */
const isMoment = (text: string): boolean =>
  /^(?!0000)\d{4}-\d\d-\d\dT/.test(text) &&
  !Number.isNaN(Date.parse(text)) &&
  new Date(text).toISOString() === text;
