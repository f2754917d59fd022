import type { Db } from "pg-boss";

/** How far a timestamp may be ahead of Postgres' clock, which may be adjusted gradually. */
const TOLERANCE = "interval '1 minute'";
/**
 * How far timestamps may legitimately be ahead: the longest delay before a retry, and the longest pause between two
 * counts.
 */
const LONGEST_WAIT = `interval '1 hour' + ${TOLERANCE}`;

const NOW = "pgboss.job_now()";
const isAhead = (column: string, ahead = TOLERANCE) => `${column} > ${NOW} + ${ahead}`;
const areAhead = (columns: readonly string[]) => columns.map((column) => isAhead(column)).join(" or ");
/** Null stays null, unlike with `least`. */
const pulledBack = (columns: readonly string[], ahead = TOLERANCE) =>
  columns
    .map((column) => `${column} = case when ${isAhead(column, ahead)} then ${NOW} else ${column} end`)
    .join(", ");

/** A process claims an interval by updating one of these columns. While it is in the future, no process can. */
const CLAIMS = ["cron_on", "bam_on", "flow_on", "reindex_on"];
const INSTANCE = `
  update pgboss.version
  set ${pulledBack(CLAIMS)}, ${pulledBack(["monitor_backoff_on"], LONGEST_WAIT)}
  where ${areAhead(CLAIMS)} or ${isAhead("monitor_backoff_on", LONGEST_WAIT)}`;

const QUEUE_STAMPS = ["monitor_claim_on", "monitor_on", "maintain_on", "delta_on"];
const QUEUES = `update pgboss.queue set ${pulledBack(QUEUE_STAMPS)} where ${areAhead(QUEUE_STAMPS)}`;

const SCHEDULE_STAMPS = ["created_on", "updated_on"];
const SCHEDULES = `update pgboss.schedule set ${pulledBack(SCHEDULE_STAMPS)} where ${areAhead(SCHEDULE_STAMPS)}`;

/** Skips locked rows, which are corrected the next time, so that processes do not wait for each other. */
const ofJobs = (change: string, condition: string) => `
  with ahead as (select name, id from pgboss.job where ${condition} for update skip locked)
  update pgboss.job set ${change} from ahead where job.name = ahead.name and job.id = ahead.id`;

const WAITING = ofJobs(
  `start_after = ${NOW}, created_on = least(created_on, ${NOW})`,
  `state = 'created' and ${isAhead("start_after")} or state = 'retry' and ${isAhead("start_after", LONGEST_WAIT)}`,
);

/** A live worker updates its job within seconds; a dead one is then detected. */
const RUN_STAMPS = ["started_on", "heartbeat_on"];
const ACTIVE = ofJobs(pulledBack(RUN_STAMPS), `state = 'active' and (${areAhead(RUN_STAMPS)})`);

/** A recurring job takes the slot of its minute and keeps it when it is done. Slots of future minutes are freed. */
const SLOTS = ofJobs("singleton_on = null", `singleton_on > (${NOW} + ${TOLERANCE}) at time zone 'UTC'`);

/**
 * Sets timestamps of the queue to now if they are further ahead than possible, because Postgres' clock was set back
 * after they were written. Jobs are enqueued without a delay, and a retry waits at most an hour. Without the
 * correction, until the clock has caught up, waiting jobs would not start, recurring ones would not be due, and jobs of
 * killed workers would seem alive. Idempotent, and safe in several processes at once.
 *
 * @returns the number of changed rows
 */
export async function pullBackStampsAhead(db: Pick<Db, "executeSql">): Promise<number> {
  let changed = 0;
  for (const update of [INSTANCE, QUEUES, SCHEDULES, WAITING, ACTIVE, SLOTS]) {
    const { rows } = await db.executeSql(`${update} returning 1`);
    changed += rows.length;
  }
  return changed;
}
