import type { Page, Position } from "../../kernel/pagination.js";
import { encodeCursor } from "../../kernel/pagination.js";
import type { PageInfo } from "./connection.types.js";

/**
 * The result of a list's resolver. Its parts are getters, so that cursors are encoded and items are counted only if
 * they are selected.
 */
export interface Connection<Row> {
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly nodes: readonly Row[];
  readonly pageInfo: PageInfo;
  readonly totalCount: Promise<number>;
}

/** @param position returns the position of a row: the values of its sort keys */
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
