import { badUserInput } from "./errors.js";

/** The paging arguments of a list (GraphQL Cursor Connections Specification §4). */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** The position of a row in its list: the values of the sort keys, the unique one last. */
export type Position = readonly (string | number | null)[];

/** What a repository needs to read one page: `limit + 1` rows after `from` in `direction`. */
export interface PageRequest {
  readonly limit: number;
  readonly direction: "forward" | "backward";
  readonly from: Position | null;
}

export interface Page<Row> {
  /** In the list's order, regardless of the reading direction. */
  readonly rows: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;

/** @throws BAD_USER_INPUT on sizes outside 0…100, on contradictory arguments and on a broken cursor */
export function pageRequest(args: PageArguments, keyCount = 2): PageRequest {
  if (args.last != null && args.first != null)
    throw badUserInput("Give `first` or `last`, not both.", { field: "first" });
  if (args.before && args.after)
    throw badUserInput("Give `after` or `before`, not both.", { field: "after" });
  const backward = args.last != null || (args.before != null && args.first == null);
  if (backward && args.after)
    throw badUserInput("`last` goes with `before`, not with `after`.", { field: "after" });
  if (!backward && args.before)
    throw badUserInput("`first` goes with `after`, not with `before`.", { field: "before" });
  const size = (backward ? args.last : args.first) ?? DEFAULT_PAGE_SIZE;
  if (size < 0 || size > MAX_PAGE_SIZE)
    throw badUserInput(`A page has 0 to ${MAX_PAGE_SIZE} items; ${size} were requested.`, {
      field: backward ? "last" : "first",
      limit: MAX_PAGE_SIZE,
      actual: size,
    });
  const cursor = backward ? args.before : args.after;
  return {
    limit: size,
    direction: backward ? "backward" : "forward",
    from: cursor == null ? null : decodeCursor(cursor, keyCount),
  };
}

/** Creates a page from up to `limit + 1` rows, which were read in the request's direction. */
export function toPage<Row>(request: PageRequest, read: readonly Row[]): Page<Row> {
  const more = read.length > request.limit;
  const rows = read.slice(0, request.limit);
  return request.direction === "forward"
    ? { rows, hasNextPage: more, hasPreviousPage: request.from !== null }
    : { rows: rows.reverse(), hasNextPage: request.from !== null, hasPreviousPage: more };
}

/** Opaque to clients; valid as long as the list's order stays the same. */
export const encodeCursor = (position: Position): string =>
  Buffer.from(JSON.stringify(position)).toString("base64url");

/** The error for a cursor that belongs to another list. */
export const foreignCursor = () =>
  badUserInput("This cursor does not belong to this list. Take cursors from `pageInfo` or `edges`.");

/** The longest key of a list is a file name: 255 characters of up to four bytes, in base64. */
const MAX_CURSOR_LENGTH = 4_000;

export function decodeCursor(cursor: string, keyCount: number): Position {
  if (cursor.length > MAX_CURSOR_LENGTH) throw foreignCursor();
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw foreignCursor();
  }
  if (!Array.isArray(position) || position.length !== keyCount) throw foreignCursor();
  if (!position.every((part) => part === null || typeof part === "string" || typeof part === "number"))
    throw foreignCursor();
  return position as Position;
}
