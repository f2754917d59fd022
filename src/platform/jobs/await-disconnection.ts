import { setTimeout as delay } from "node:timers/promises";
import { sql } from "drizzle-orm";
import { SECOND_MS } from "../../kernel/clock.js";
import { connectDatabase } from "../database/client.js";

const POLL_MS = 10;
/** A database that does not answer by then has no relevant connections. */
const TIMEOUT_MS = 2 * SECOND_MS;

/**
 * Resolves when Postgres has closed every connection with that application name, or after a timeout. The driver's pool
 * counts a connection as closed after it has sent its termination message, but a Postgres that is stopped at that
 * moment may still send it an error.
 */
export async function awaitDisconnection(databaseUrl: string, applicationName: string): Promise<void> {
  const { db, close } = connectDatabase(databaseUrl, { connections: 1 });
  const timeout = new AbortController();
  const poll = async () => {
    while (!timeout.signal.aborted) {
      const open = await db.execute(
        sql`select from pg_stat_activity where application_name = ${applicationName}`,
      );
      if (open.length === 0) return;
      await delay(POLL_MS);
    }
  };
  const polling = poll().catch(() => {});
  try {
    await Promise.race([polling, delay(TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => {})]);
  } finally {
    timeout.abort();
    await close();
  }
}
