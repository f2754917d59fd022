import type { Page, Position } from "../../kernel/pagination.js";
import { encodeCursor } from "../../kernel/pagination.js";
import type { PageInfo } from "./connection.types.js";

/**
 * What a list's resolver returns. Its parts are getters, which are read for the fields that were asked for alone:
 * no cursor is encoded and nothing is counted in vain.
 */
export interface Connection<Row> {
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly nodes: readonly Row[];
  readonly pageInfo: PageInfo;
  readonly totalCount: Promise<number>;
}

/** @param position where a row stands in the list's order: the values of its sort keys */
export function toConnection<Row>(
  page: Page<Row>,
  position: (row: Row) => Position,
  count: () => Promise<number>,
): Connection<Row> {
  const cursorOf = (row: Row | undefined) => (row === undefined ? null : encodeCursor(position(row)));
  return {
    nodes: page.rows,
    get edges() {
      return page.rows.map((node) => ({ cursor: encodeCursor(position(node)), node }));
    },
    get pageInfo() {
      return {
        hasNextPage: page.hasNextPage,
        hasPreviousPage: page.hasPreviousPage,
        startCursor: cursorOf(page.rows[0]),
        endCursor: cursorOf(page.rows.at(-1)),
      };
    },
    get totalCount() {
      return count();
    },
  };
}
