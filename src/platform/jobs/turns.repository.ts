import { sql } from "drizzle-orm";
import type { Db } from "pg-boss";
import type { Database } from "../database/client.js";

/** An arbitrary number that no other lock uses. */
const INDEX_LOCK = 7_305_101_414;

/**
 * Creates the index by which a group's last waiting job is found, if it is missing: without it, each enqueued job would
 * read all waiting jobs. pg-boss does not touch foreign indexes.
 */
export async function ensureTurnIndex(db: Pick<Db, "executeSql">): Promise<void> {
  // Checked first, because a `create index` would wait for every transaction that has enqueued a job.
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
 * The turn of each group's next job in a queue: after the group's last waiting job, and after the current turn. Turns
 * are counted from 0 and stored as negative priorities, because the queue hands out the highest priority first, and the
 * oldest of equal ones.
 */
export async function findNextTurns(
  tx: Pick<Database, "execute">,
  queue: string,
  groups: readonly string[],
): Promise<Map<string, number>> {
  // `state < 'active' and not blocked` makes Postgres use the queue's own index for the current turn.
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
