import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";

/** The database, or a transaction in it. */
export type Database = Pick<
  PostgresJsDatabase,
  "select" | "selectDistinct" | "insert" | "update" | "delete" | "execute" | "transaction" | "$count"
>;

export interface DatabaseClient {
  readonly db: Database;
  /** The driver beneath, for what Drizzle does not know: `LISTEN`, advisory locks on a connection of their own. */
  readonly sql: postgres.Sql;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connections: number;
  /** Told of every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
}

export function connectDatabase(url: string, { connections, onStatement }: DatabaseOptions): DatabaseClient {
  const sql = postgres(url, {
    max: connections,
    onnotice: () => {},
    connection: { application_name: "filedesk" },
    ...(onStatement && { debug: (_connection: number, statement: string) => onStatement(statement) }),
  });
  return { db: drizzle(sql), sql, close: () => sql.end({ timeout: 5 }) };
}
