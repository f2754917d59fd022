import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { isId } from "../../kernel/ids.js";
import type { PageRequest, Position } from "../../kernel/pagination.js";
import { foreignCursor } from "../../kernel/pagination.js";

/** The order of a list: its keys, the last of them unique, all in one direction. */
export interface SortOrder {
  /** Stands first in the cursors of a list that has several orders, so that none is taken for another's. */
  readonly name?: string;
  readonly keys: readonly PgColumn[];
  readonly descending: boolean;
}

/**
 * The part of a statement that reads one page by its keys, so that page 1,000 costs what page 1 costs.
 *
 * @throws BAD_USER_INPUT when the cursor was made for a list of another order
 */
export function keyset({ name, keys, descending }: SortOrder, request: PageRequest) {
  const from = name === undefined ? request.from : positionIn(name, request.from);
  const ascending = descending !== (request.direction === "forward");
  const toward = sql.raw(ascending ? "asc" : "desc");
  return {
    orderBy: keys.map((key) => sql`${key} ${toward}`),
    /** One more than the page holds, to learn whether another page follows. */
    limit: request.limit + 1,
    where: from === null ? undefined : behind(keys, from, ascending),
  };
}

function positionIn(order: string, from: Position | null): Position | null {
  if (from === null) return null;
  if (from[0] !== order) throw foreignCursor();
  return from.slice(1);
}

/** A row-value comparison, which an index on the keys answers (SQL:1992 §8.2). */
function behind(keys: readonly PgColumn[], from: Position, ascending: boolean): SQL {
  const values = keys.map((key, index) => sql`${checked(key, from[index])}::${sql.raw(key.getSQLType())}`);
  return sql`(${sql.join([...keys], sql`, `)}) ${sql.raw(ascending ? ">" : "<")} (${sql.join(values, sql`, `)})`;
}

/** A cursor comes from outside: a value that its column cannot hold is told as such, before the database sees it. */
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

/** As `Date.prototype.toISOString` writes the years 1 to 9999: what else JavaScript parses, Postgres may not. */
const isMoment = (text: string): boolean =>
  /^(?!0000)\d{4}-\d\d-\d\dT/.test(text) &&
  !Number.isNaN(Date.parse(text)) &&
  new Date(text).toISOString() === text;
