import { LRUCache } from "lru-cache";
import type { Database } from "./client.js";

/**
 * A statement with placeholders that is put together once for each database, and not at each run: for those that run
 * all the time. `prepare` ends with Drizzle's own `prepare`.
 */
export function preparedOnce<Statement>(prepare: (db: Database) => Statement): (db: Database) => Statement {
  const prepared = new WeakMap<Database, Statement>();
  return (db) => {
    const statement = prepared.get(db) ?? prepare(db);
    prepared.set(db, statement);
    return statement;
  };
}

/** Callers combine filters into hundreds of thousands of shapes, of which few come all the time. */
const MOST_SHAPES = 300;

/**
 * As `preparedOnce`, for a list that is asked for in several ways: one statement for each shape, which is what makes
 * the statement's text. Values are placeholders, given at each run. Those that were used last are kept.
 *
 * @param prepare puts the statement together for a shape
 */
export function preparedByShape<Shape extends object, Statement extends object>(
  prepare: (db: Database, shape: Shape) => Statement,
): (db: Database, shape: Shape) => Statement {
  const prepared = new WeakMap<Database, LRUCache<string, Statement>>();
  return (db, shape) => {
    const ofDatabase = prepared.get(db) ?? new LRUCache<string, Statement>({ max: MOST_SHAPES });
    prepared.set(db, ofDatabase);
    const name = JSON.stringify(shape);
    const statement = ofDatabase.get(name) ?? prepare(db, shape);
    ofDatabase.set(name, statement);
    return statement;
  };
}
