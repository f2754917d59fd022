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

/**
 * As `preparedOnce`, for a list that is asked for in several ways: one statement for each shape, which is what makes
 * the statement's text. Values are placeholders, given at each run.
 *
 * @param prepare puts the statement together for a shape, of which there are few
 */
export function preparedByShape<Shape extends object, Statement>(
  prepare: (db: Database, shape: Shape) => Statement,
): (db: Database, shape: Shape) => Statement {
  const prepared = new WeakMap<Database, Map<string, Statement>>();
  return (db, shape) => {
    const ofDatabase = prepared.get(db) ?? new Map<string, Statement>();
    prepared.set(db, ofDatabase);
    const name = JSON.stringify(shape);
    const statement = ofDatabase.get(name) ?? prepare(db, shape);
    ofDatabase.set(name, statement);
    return statement;
  };
}
