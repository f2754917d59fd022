import { sql } from "drizzle-orm";
import { SECOND_MS } from "../../kernel/clock.js";
import { AdvisoryLock } from "./advisory-lock.js";
import type { Database } from "./client.js";
import type { Connection } from "./connection.js";
import { connectionLost, sqlState } from "./faults.js";
import { openConnection } from "./open-connection.js";

/** SQLSTATE (PostgreSQL Appendix A): the lock was not granted in time. */
const LOCK_NOT_AVAILABLE = "55P03";
/** Longer than any look at the lock takes. */
const LOCK_TIMEOUT_MS = 2 * SECOND_MS;
/** Poolers and firewalls end a connection that says nothing. */
const ALIVE_EVERY_MS = 5 * SECOND_MS;
const ANSWER_TIMEOUT_MS = 35 * SECOND_MS;

export interface RemovalHold {
  /** Aborts when the hold is lost, with its connection. */
  readonly signal: AbortSignal;
  /** @throws if it has been lost at any moment since it began */
  assertHeld(): Promise<void>;
}

/** Somebody else holds removals. */
export class RemovalsAreHeld extends Error {}

/**
 * Runs the work while no process removes stored bytes for good (`held-storage.ts`). The hold is a lock of a transaction
 * on a connection of its own: it ends with this process, however that ends, and also exists behind a pooler. The
 * transaction reads nothing, so that it keeps no old rows alive.
 *
 * @throws RemovalsAreHeld if another process holds them; what the work throws; a connection error
 */
export async function whileRemovalsAreHeld<Result>(
  url: string,
  work: (hold: RemovalHold) => Promise<Result>,
): Promise<Result> {
  const connection = await openConnection({ url });
  const lost = new AbortController();
  connection.lost.then(() => lost.abort(connectionLost()));
  const keepingAlive = setInterval(() => {
    if (connection.waitedMs(performance.now()) > ANSWER_TIMEOUT_MS) connection.destroy();
    else assertAlive(connection).catch(() => {}); // the loss is seen by the signal
  }, ALIVE_EVERY_MS);
  try {
    await hold(connection);
    return await work({ signal: lost.signal, assertHeld: () => assertAlive(connection) });
  } finally {
    clearInterval(keepingAlive);
    await connection.close();
  }
}

async function hold(connection: Connection): Promise<void> {
  const text = `begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local idle_in_transaction_session_timeout = 0;
    select pg_advisory_xact_lock(${AdvisoryLock.REMOVALS})`;
  try {
    await connection.run({ text, parameters: [] });
  } catch (error) {
    throw sqlState(error) === LOCK_NOT_AVAILABLE ? new RemovalsAreHeld() : error;
  }
}

const assertAlive = async (connection: Connection): Promise<void> => {
  await connection.run({ text: "select 1", parameters: [] });
};

/** Whether some process holds removals, or waits to. */
export async function areRemovalsHeld(db: Pick<Database, "execute">): Promise<boolean> {
  const [row] = await db.execute<{ free: boolean }>(
    sql.raw(`select pg_try_advisory_xact_lock_shared(${AdvisoryLock.REMOVALS}) as free`),
  );
  return row?.free !== true;
}
