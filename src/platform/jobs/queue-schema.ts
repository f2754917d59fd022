import { setTimeout as delay } from "node:timers/promises";
import { PgBoss } from "pg-boss";
import { createQueueDatabase } from "./queue-database.js";
import { ensureTurnIndex } from "./turns.repository.js";

/** The schema of the job queue. */
export const QUEUE_SCHEMA = "pgboss";
/** Statements that pg-boss runs after an update, as whoever updates the schema. Nobody else may write them there. */
export const QUEUE_STATEMENTS = `${QUEUE_SCHEMA}.bam`;

const POLL_MS = 200;
/** The shortest interval that pg-boss takes. */
const STATEMENT_EVERY_SECONDS = 10;

/** Installs or updates the schema of the job queue, for processes whose role does not own it. */
export async function installQueueSchema(url: string): Promise<void> {
  const faults: unknown[] = [];
  const onFault = (error: unknown) => void faults.push(error);
  const db = createQueueDatabase({
    url,
    sessionUrl: url,
    connections: 1,
    applicationName: "filedesk-migrate",
    onFault,
  });
  const boss = new PgBoss({
    db,
    migrate: true,
    supervise: false,
    schedule: false,
    bamIntervalSeconds: STATEMENT_EVERY_SECONDS,
  });
  boss.on("error", onFault);
  try {
    await boss.start();
    // Indexes are built after an update, one after the other.
    while ((await boss.getBamStatus()).some(({ status }) => status !== "completed")) {
      if (faults.length > 0) throw faults[0];
      await delay(POLL_MS);
    }
    await ensureTurnIndex(db);
  } finally {
    await boss.stop({ graceful: false });
    await db.close();
  }
}
