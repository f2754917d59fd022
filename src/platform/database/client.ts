import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { connectionBroke } from "./faults.js";

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
const preparing = <Client extends postgres.Sql | postgres.TransactionSql>(
  client: Client,
  connection?: Connection,
): Client =>
  new Proxy(client, {
    get(target, name) {
      if (name === "unsafe")
        return (text: string, parameters: never[]) => {
          if (connection?.isLost) throw connectionLost();
          const query = target.unsafe(text, parameters, { prepare: true });
          return connection ? noticing(query, connection) : query;
        };
      const value: unknown = Reflect.get(target, name);
      return name === "begin" && typeof value === "function" ? transactions(value as Begin) : value;
    },
  });

type Work = (tx: postgres.TransactionSql) => unknown;
type Begin = (work: Work) => Promise<unknown>;

/** What a transaction runs on. */
interface Connection {
  isLost: boolean;
}

/**
 * A transaction whose connection breaks off fails, and nothing more is sent on that connection: the driver would write
 * its COMMIT or ROLLBACK to a socket that is no more, outside of any promise, which ends the process, or makes its place
 * in the pool useless (porsager/postgres#1208). Postgres undoes the transaction by itself.
 */
const transactions =
  (begin: Begin): Begin =>
  async (work) => {
    const connection: Connection = { isLost: false };
    // `begin` hears of the connection's end by itself, and fails by it, whatever becomes of the work.
    const unlessLost = <Value>(value: Value) => (connection.isLost ? new Promise<never>(() => {}) : value);
    try {
      return await begin(async (tx) => {
        try {
          return await unlessLost(await work(preparing(tx, connection)));
        } catch (error) {
          await unlessLost(null);
          throw error;
        }
      });
    } finally {
      connection.isLost = true;
    }
  };

/** Notices by a statement's failure that its connection is lost, before whoever waits for it does. */
function noticing<Query extends object>(query: Query, connection: Connection): Query {
  const settled = query as { reject(error: unknown): void };
  const { reject } = settled;
  settled.reject = (error) => {
    connection.isLost ||= connectionBroke(error);
    reject(error);
  };
  return query;
}

const connectionLost = () =>
  Object.assign(new Error("the connection of this transaction has broken off"), {
    code: "CONNECTION_CLOSED",
  });
