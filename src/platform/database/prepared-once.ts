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
