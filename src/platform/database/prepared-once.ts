import { LRUCache } from "lru-cache";
import type { Database } from "./client.js";

/**
 * Builds a statement with placeholders once per database instead of at each run, for frequent statements. `prepare`
 * ends with Drizzle's own `prepare`.
 */
export function preparedOnce<Statement>(prepare: (db: Database) => Statement): (db: Database) => Statement {
  const prepared = new WeakMap<Database, Statement>();
  return (db) => {
    const statement = prepared.get(db) ?? prepare(db);
    prepared.set(db, statement);
    return statement;
  };
}

/** Callers combine filters into hundreds of thousands of shapes, few of which are frequent. */
const MAX_SHAPES = 300;

/**
 * As `preparedOnce`, for a list with several variants: one statement per shape, which determines the statement's text.
 * Values are placeholders that are set at each run. The most recently used statements are cached.
 *
 * @param prepare builds the statement of a shape
 */
export function preparedByShape<Shape extends object, Statement extends object>(
  prepare: (db: Database, shape: Shape) => Statement,
): (db: Database, shape: Shape) => Statement {
  const prepared = new WeakMap<Database, LRUCache<string, Statement>>();
  return (db, shape) => {
    const ofDatabase = prepared.get(db) ?? new LRUCache<string, Statement>({ max: MAX_SHAPES });
    prepared.set(db, ofDatabase);
    const name = JSON.stringify(shape);
    const statement = ofDatabase.get(name) ?? prepare(db, shape);
    ofDatabase.set(name, statement);
    return statement;
  };
}
