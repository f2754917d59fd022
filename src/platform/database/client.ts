import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { drizzle } from "drizzle-orm/postgres-js";
import type postgres from "postgres";
import type { Observe } from "../telemetry/observe.js";
import { connectDriver } from "./connect-driver.js";
import type { Connection, Statement, TypeOptions } from "./connection.js";
import type { PoolUse } from "./connection-pool.js";
import { ConnectionPool } from "./connection-pool.js";
import { connectionBroke } from "./faults.js";
import { isPlainRead } from "./plain-read.js";
import type { Rows } from "./statement-result.js";
import { statementResult } from "./statement-result.js";
import type { TransactionClient } from "./transaction.js";
import { runTransaction } from "./transaction.js";

/** The database, or a transaction in it. */
export type Database = Pick<
  PostgresJsDatabase,
  "select" | "selectDistinct" | "insert" | "update" | "delete" | "execute" | "transaction" | "$count"
>;

export interface DatabaseClient {
  /** For requests: statements that only read are cancelled after `readTimeoutMs`. */
  readonly db: Database;
  /** The same connections, for jobs: reads may take as long as any other statement. */
  readonly background: Database;
  /** For connections that keep a session, such as those that listen or hold a lock: it leads past a pooler. */
  readonly sessionUrl: string;
  /** The driver itself, with a lazy pool of its own: for scripts and tests, never for requests. */
  readonly sql: postgres.Sql;
  /** What the connections of both are doing. */
  poolUse(): PoolUse;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connections: number;
  /** By default the URL itself. */
  readonly sessionUrl?: string;
  /**
   * Whether a pooler hands out another session for each transaction. Then no statement is prepared, and timeouts are
   * set in each transaction instead of in the session.
   */
  readonly transactionPooling?: boolean;
  /** Called with every statement that is run; tests count them. */
  readonly onStatement?: (statement: string) => void;
  /** Observes every statement, by its text. */
  readonly observe?: Observe | undefined;
  /**
   * Timeout of statements of `db` outside of transactions and in `read only` ones. Default and maximum are the timeout
   * of other statements.
   */
  readonly readTimeoutMs?: number;
  /** How long to wait for an answer; by default a little longer than the statement timeout. */
  readonly answerTimeoutMs?: number;
}

/** No ordinary statement takes this long, unless it was made expensive on purpose or waits for a lock. */
const STATEMENT_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** How often a statement without effect so far is retried on another connection. */
const MAX_RETRIES = 2;
/** After this time a failed statement is not retried, because the client has waited long enough. */
const RETRY_WITHIN_MS = 5_000;

/**
 * Connects to a database with a pool of connections. The loss of a connection only affects the work that runs on it.
 * Statements that only read, outside of transactions, are retried on another connection, and so is the begin of a
 * transaction.
 */
export function connectDatabase(url: string, options: DatabaseOptions): DatabaseClient {
  const { connections, onStatement, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const { sessionUrl = url, transactionPooling = false } = options;
  const readTimeoutMs = Math.min(options.readTimeoutMs ?? STATEMENT_TIMEOUT_MS, STATEMENT_TIMEOUT_MS);
  // Drizzle sets its own parsers and serializers here before the first connection is opened.
  const types: TypeOptions = { parsers: {}, serializers: {} };
  const pool = new ConnectionPool({
    url,
    transactionPooling,
    connections,
    // The timeout of most statements; others set their own.
    statementTimeoutMs: readTimeoutMs,
    answerTimeoutMs,
    types,
    onStatement,
    observe: options.observe,
  });
  let driver: postgres.Sql | null = null;
  return {
    db: databaseOn(pool, types, readTimeoutMs),
    background: databaseOn(pool, types, STATEMENT_TIMEOUT_MS),
    sessionUrl,
    get sql() {
      driver ??= connectDriver(sessionUrl, { max: 4 });
      return driver;
    },
    poolUse: () => pool.use(),
    async close() {
      await Promise.all([pool.close(CLOSE_TIMEOUT_MS), driver?.end({ timeout: 5 })]);
    },
  };
}

/** Statements in writing transactions have the general timeout, because they may wait for row locks. */
function databaseOn(pool: ConnectionPool, types: TypeOptions, readTimeoutMs: number): Database {
  const db = drizzle(clientOf(pool, types, { readTimeoutMs, transactionTimeoutMs: STATEMENT_TIMEOUT_MS }));
  const reading = drizzle(clientOf(pool, types, { readTimeoutMs, transactionTimeoutMs: readTimeoutMs }));
  const begin = db.transaction.bind(db);
  const transaction: Database["transaction"] = (work, config) =>
    config?.accessMode === "read only" ? reading.transaction(work, config) : begin(work, config);
  return Object.assign(db, { transaction });
}

interface Limits {
  /** Timeout of a statement outside of a transaction. */
  readonly readTimeoutMs: number;
  /** Timeout of each statement in a transaction. */
  readonly transactionTimeoutMs: number;
}

/** The client that Drizzle uses in place of the driver. */
function clientOf(
  pool: ConnectionPool,
  types: TypeOptions,
  { readTimeoutMs, transactionTimeoutMs }: Limits,
): postgres.Sql {
  const run = async (statement: Statement): Promise<Rows> => {
    const acquired = pool.acquire();
    // Synchronous if possible, because this is the hottest path.
    const connection = acquired instanceof Promise ? await acquired : acquired;
    try {
      if (pool.transactionPooling) return await connection.runLimited(statement, readTimeoutMs);
      if (connection.statementTimeoutMs !== readTimeoutMs) await connection.limitStatements(readTimeoutMs);
      return await connection.run(statement);
    } finally {
      pool.release(connection);
    }
  };
  const client = {
    options: types,
    unsafe: (text: string, parameters: readonly unknown[] = []) =>
      statementResult((asValues) => {
        const attempt = () => run({ text, parameters, asValues });
        return isPlainRead(text) ? withRetries(attempt) : attempt();
      }),
    async begin<Result>(work: (tx: TransactionClient) => Promise<Result>): Promise<Result> {
      const connection = await withRetries(() => beginOn(pool, transactionTimeoutMs));
      try {
        return await runTransaction(connection, types, work);
      } finally {
        pool.release(connection);
      }
    },
  };
  return client as unknown as postgres.Sql;
}

async function beginOn(pool: ConnectionPool, timeoutMs: number): Promise<Connection> {
  const connection = await pool.acquire();
  try {
    // Sent in the same message, so it needs no extra round trip.
    const limit =
      connection.statementTimeoutMs === timeoutMs ? "" : `; set local statement_timeout = ${timeoutMs}`;
    await connection.run({ text: `begin${limit}`, parameters: [] });
    return connection;
  } catch (error) {
    pool.release(connection);
    throw error;
  }
}

/** Retries an attempt whose connection broke. Only for attempts that have no effect unless they succeed. */
async function withRetries<Result>(attempt: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  for (let tries = 0; ; tries++)
    try {
      return await attempt();
    } catch (error) {
      const isLate = tries >= MAX_RETRIES || performance.now() - startedAt > RETRY_WITHIN_MS;
      if (isLate || !connectionBroke(error)) throw error;
    }
}
