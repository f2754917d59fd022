import { sql } from "drizzle-orm";
import type { Db } from "pg-boss";
import type { Database } from "../database/client.js";

/** Any number will do, as long as nothing else takes it. */
const INDEX_LOCK = 7_305_101_414;

/**
 * Makes the index by which a group's last job is found among those that wait, unless it is there: without it, each
 * request for a job would read all that wait. pg-boss leaves indexes alone that are not its own.
 */
export async function ensureTurnIndex(db: Pick<Db, "executeSql">): Promise<void> {
  // It is looked for first: a `create index` would wait for every transaction that has asked for a job.
  await db.executeSql(`
    do $$ begin
      if to_regclass('pgboss.filedesk_turns') is null then
        perform pg_advisory_xact_lock(${INDEX_LOCK});
        create index if not exists filedesk_turns on pgboss.job (name, group_id, priority)
          where state = 'created' and group_id is not null;
      end if;
    end $$`);
}

/**
 * The turn that each group's next job of a queue takes: one after the last of its jobs that wait, and no earlier than the
 * turn after the one that is being handed out. Turns are counted from 0 and stored as negative priorities, because the
 * queue hands out the highest priority first, and among equals the oldest.
 */
export async function findNextTurns(
  tx: Pick<Database, "execute">,
  queue: string,
  groups: readonly string[],
): Promise<Map<string, number>> {
  // `state < 'active' and not blocked` makes Postgres find the current turn by the index that the queue itself uses.
  const rows = await tx.execute<{ group: string; turn: number }>(sql`
    with current as (
      select -priority as turn from pgboss.job
      where name = ${queue} and state < 'active' and not blocked and state = 'created'
      order by priority desc, created_on limit 1
    )
    select "group", greatest(0, (select turn from current) + 1, (
      select 1 - priority from pgboss.job
      where name = ${queue} and state = 'created' and group_id = "group"
      order by priority limit 1
    )) as turn
    from unnest(${sql.param([...groups])}::text[]) as "group"`);
  return new Map(rows.map(({ group, turn }) => [group, turn]));
}
