import { sql } from "drizzle-orm";
import type { Database } from "../database/client.js";
import { DEAD_ENDING } from "./queues.js";

/** The number of jobs of one kind, by state. */
export interface JobCount {
  readonly name: string;
  /** Jobs that wait for a worker. */
  readonly queued: number;
  readonly active: number;
  /** Jobs that have failed and wait for a retry. */
  readonly failed: number;
  /** Jobs whose last retry has failed, in the last 30 days. */
  readonly dead: number;
  /** The error of the last dead job; null if there is none, or if it has no message. */
  readonly lastFailure: string | null;
}

/** Every kind of job that the queue knows, by name. */
export async function listJobCounts(db: Pick<Database, "execute">): Promise<JobCount[]> {
  const rows = await db.execute<{
    name: string;
    queued: number;
    active: number;
    failed: number;
    dead: number;
    lastFailure: string | null;
  }>(sql`
    select q.name,
      count(*) filter (where j.name = q.name and j.state = 'created')::int as queued,
      count(*) filter (where j.name = q.name and j.state = 'active')::int as active,
      count(*) filter (where j.name = q.name and j.state = 'retry')::int as failed,
      count(*) filter (where j.name = q.dead_letter)::int as dead,
      (select l.source_output ->> 'message' from pgboss.job l
        where l.name = q.dead_letter order by l.created_on desc limit 1) as "lastFailure"
    from pgboss.queue q left join pgboss.job j on j.name in (q.name, q.dead_letter)
    where q.dead_letter = q.name || ${DEAD_ENDING}
    group by q.name, q.dead_letter order by q.name`);
  return [...rows];
}
