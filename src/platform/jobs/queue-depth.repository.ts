import { sql } from "drizzle-orm";
import type { Database } from "../database/client.js";
import { DEAD_ENDING } from "./queues.js";

/** The number of unfinished jobs of one kind, by state. */
export interface QueueDepth {
  readonly name: string;
  /** Jobs that wait for a worker. */
  readonly queued: number;
  readonly active: number;
  /** Jobs that have failed and wait for a retry. */
  readonly retry: number;
  /** Jobs whose last retry has failed, in the last 30 days. */
  readonly dead: number;
  /** How long the oldest due job has waited for a worker; 0 if none is due. */
  readonly oldestDueSeconds: number;
}

/** The queue of every kind of job, by name. Jobs that are done are not read. */
export async function listQueueDepths(db: Pick<Database, "execute">): Promise<QueueDepth[]> {
  const rows = await db.execute<{
    name: string;
    queued: number;
    active: number;
    retry: number;
    dead: number;
    oldestDueSeconds: number;
  }>(sql`
    select q.name, unfinished.*,
      (select count(*)::int from pgboss.job where name = q.dead_letter) as dead
    from pgboss.queue q cross join lateral (
      select
        count(*) filter (where state = 'created')::int as queued,
        count(*) filter (where state = 'active')::int as active,
        count(*) filter (where state = 'retry')::int as retry,
        greatest(coalesce(extract(epoch from now() - min(start_after)
          filter (where state < 'active')), 0), 0)::float8 as "oldestDueSeconds"
      from pgboss.job where name = q.name and state < 'completed') unfinished
    where q.dead_letter = q.name || ${DEAD_ENDING}
    order by q.name`);
  return [...rows];
}
