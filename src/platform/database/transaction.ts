import type { Connection, TypeOptions } from "./connection.js";
import type { StatementResult } from "./statement-result.js";
import { statementResult } from "./statement-result.js";

/** A transaction as the client that Drizzle expects. */
export interface TransactionClient {
  readonly options: TypeOptions;
  unsafe(text: string, parameters?: readonly unknown[]): StatementResult;
  savepoint<Result>(work: (tx: TransactionClient) => Promise<Result>): Promise<Result>;
}

interface Scope {
  readonly connection: Connection;
  readonly types: TypeOptions;
  /** Nesting depth of savepoints. */
  readonly depth: number;
  /**
   * The first error of a statement. After it, Postgres refuses further statements and would turn a commit into a
   * rollback.
   */
  failure: { readonly error: unknown } | null;
  isOver: boolean;
}

/**
 * Runs a transaction on a connection that has begun one, and commits it. If the connection is lost, nothing more is
 * sent, because Postgres rolls the transaction back by itself.
 *
 * @throws what the work throws, or the first error of its statements, even if the work has caught it
 */
export async function runTransaction<Result>(
  connection: Connection,
  types: TypeOptions,
  work: (tx: TransactionClient) => Promise<Result>,
): Promise<Result> {
  const scope: Scope = { connection, types, depth: 0, failure: null, isOver: false };
  const result = await workIn(scope, work, "rollback");
  await send(connection, "commit");
  return result;
}

async function savepoint<Result>(
  outer: Scope,
  work: (tx: TransactionClient) => Promise<Result>,
): Promise<Result> {
  const { connection, types, depth } = outer;
  const name = `s${depth}`;
  await send(connection, `savepoint ${name}`);
  const scope: Scope = { connection, types, depth: depth + 1, failure: null, isOver: false };
  return workIn(scope, work, `rollback to ${name}`);
}

async function workIn<Result>(
  scope: Scope,
  work: (tx: TransactionClient) => Promise<Result>,
  undo: string,
): Promise<Result> {
  try {
    const result = await work(clientOf(scope));
    if (scope.failure) throw scope.failure.error;
    return result;
  } catch (error) {
    if (!scope.connection.isLost) await send(scope.connection, undo).catch(() => {});
    throw error;
  } finally {
    scope.isOver = true;
  }
}

/** If it fails, the connection may still be in its transaction, so it is destroyed. */
async function send(connection: Connection, text: string): Promise<void> {
  try {
    await connection.run({ text, parameters: [] });
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

const clientOf = (scope: Scope): TransactionClient => ({
  options: scope.types,
  unsafe: (text, parameters = []) =>
    statementResult(async (asValues) => {
      if (scope.isOver) throw new Error("this transaction is over");
      try {
        return await scope.connection.run({ text, parameters, asValues });
      } catch (error) {
        scope.failure ??= { error };
        throw error;
      }
    }),
  savepoint: (work) => savepoint(scope, work),
});
