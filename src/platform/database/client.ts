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

/** No statement of ours takes nearly as long; one that does was made expensive on purpose, or waits for a lock in vain. */
const STATEMENT_TIMEOUT_MS = 30_000;

export function connectDatabase(url: string, { connections, onStatement }: DatabaseOptions): DatabaseClient {
  const sql = postgres(url, {
    max: connections,
    onnotice: () => {},
    connection: { application_name: "filedesk", statement_timeout: STATEMENT_TIMEOUT_MS },
    ...(onStatement && { debug: (_connection: number, statement: string) => onStatement(statement) }),
  });
  return { db: drizzle(preparing(sql)), sql, close: () => sql.end({ timeout: 5 }) };
}

/**
 * Drizzle asks the driver to have each statement parsed and planned anew. Prepared ones spare Postgres that, and take
 * one round trip instead of two; their number is that of the statements in our code, since a list is one parameter.
 */
const preparing = <Client extends postgres.Sql | postgres.TransactionSql>(client: Client): Client =>
  new Proxy(client, {
    get(target, name) {
      if (name === "unsafe")
        return (text: string, parameters: never[]) => target.unsafe(text, parameters, { prepare: true });
      const value: unknown = Reflect.get(target, name);
      if ((name !== "begin" && name !== "savepoint") || typeof value !== "function") return value;
      return (work: (tx: postgres.TransactionSql) => unknown) =>
        value((tx: postgres.TransactionSql) => work(preparing(tx)));
    },
  });
