import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { badUserInput } from "../../kernel/errors.js";
import { isId } from "../../kernel/ids.js";
import type { PageRequest, Position } from "../../kernel/pagination.js";

/** The order of a list: its keys, the last of them unique, all in one direction. */
export interface SortOrder {
  readonly keys: readonly PgColumn[];
  readonly descending: boolean;
}

/**
 * The part of a statement that reads one page by its keys, so that page 1,000 costs what page 1 costs.
 *
 * @throws BAD_USER_INPUT when the cursor was made for a list of another order
 */
export function keyset({ keys, descending }: SortOrder, request: PageRequest) {
  const ascending = descending !== (request.direction === "forward");
  const toward = sql.raw(ascending ? "asc" : "desc");
  return {
    orderBy: keys.map((key) => sql`${key} ${toward}`),
    /** One more than the page holds, to learn whether another page follows. */
    limit: request.limit + 1,
    where: request.from === null ? undefined : behind(keys, request.from, ascending),
  };
}

/** A row-value comparison, which an index on the keys answers (SQL:1992 §8.2). */
function behind(keys: readonly PgColumn[], from: Position, ascending: boolean): SQL {
  const values = keys.map((key, index) => sql`${checked(key, from[index])}::${sql.raw(key.getSQLType())}`);
  return sql`(${sql.join([...keys], sql`, `)}) ${sql.raw(ascending ? ">" : "<")} (${sql.join(values, sql`, `)})`;
}

/** A cursor comes from outside: a value that its column cannot hold is told as such, before the database sees it. */
function checked(key: PgColumn, value: string | number | null | undefined): string | number {
  const fits =
    key.columnType === "PgUUID"
      ? typeof value === "string" && isId(value)
      : key.dataType === "date"
        ? typeof value === "string" && !Number.isNaN(Date.parse(value))
        : key.dataType === "number"
          ? Number.isSafeInteger(value)
          : typeof value === "string" && !value.includes("\0") && (key.enumValues?.includes(value) ?? true);
  if (!fits)
    throw badUserInput("This cursor is not one of this list's. Take cursors from `pageInfo` or `edges`.");
  return value as string | number;
}
