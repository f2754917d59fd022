import type { SQL } from "drizzle-orm";
import { asc, eq, lt, sql } from "drizzle-orm";
import type { Database } from "../../database/client.js";
import type { BatchOptions } from "../../database/in-batches.js";
import { deleteInBatches } from "../../database/in-batches.js";
import { events, eventTopics } from "./event.tables.js";

export interface NewEvent {
  /** The topic whose subscribers get it, such as `media:<companyId>`. */
  readonly topic: string;
  readonly companyId: string;
  /** In the past tense, such as "file.altered". */
  readonly type: string;
  /** Ids, never contents: payloads are made from the current state of the objects. */
  readonly payload: Readonly<Record<string, unknown>>;
  /**
   * It begins the topic: nobody can have subscribed before it, so it is not in the log. Only an outbox gets it, with the
   * number 0.
   */
  readonly isBeginning?: true;
}

/**
 * A table that takes events for receivers outside of the log. What it takes is written in the statement of the events,
 * so that none is missed, and none is sent of a transaction that is rolled back.
 */
export interface EventOutbox {
  /**
   * The statement that takes them from `recorded` (topic, sequence, company_id, type, payload), with a row for each that
   * it takes. Locks rows in the order of their topics.
   */
  readonly take: SQL;
  /** Called after the commit of a transaction of which something was taken. */
  onTaken(): void;
}

/**
 * Writes events to the log, in their order, at the end of the transaction that records them; one statement for all.
 * Their topics are locked in the order of their names, until the commit.
 *
 * @returns how many the outbox has taken
 */
export async function appendEvents(
  tx: Database,
  newEvents: readonly NewEvent[],
  outbox?: Pick<EventOutbox, "take">,
): Promise<number> {
  if (newEvents.length === 0) return 0;
  const given = newEvents.map(({ topic, companyId, type, payload, isBeginning }, position) => ({
    position,
    topic,
    company_id: companyId,
    type,
    payload,
    is_beginning: isBeginning === true,
  }));
  const taken = await tx.execute(sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
        as event (position int, topic text, company_id uuid, type text, payload jsonb, is_beginning boolean)),
    counted as (
      insert into ${eventTopics} as known (topic, company_id, sequence)
      select topic, (array_agg(company_id))[1], count(*) from given where not is_beginning
      group by topic order by topic collate "C"
      on conflict (topic) do update set sequence = known.sequence + excluded.sequence
      returning known.topic, known.sequence as last),
    logged as (
      insert into ${events} (topic, sequence, company_id, type, payload)
      select topic, last - count(*) over of_topic + row_number() over (of_topic order by position), company_id, type, payload
      from given join counted using (topic) where not is_beginning window of_topic as (partition by topic)
      returning topic, sequence, company_id, type, payload),
    recorded as (
      select * from logged union all select topic, 0, company_id, type, payload from given where is_beginning)
    ${outbox?.take ?? sql`select from recorded limit 0`}`);
  return taken.length;
}

/** Deletes a batch of the oldest events. @returns how many were deleted */
export async function deleteEventsBefore(db: Database, moment: Date, limit: number): Promise<number> {
  const oldest = db
    .select({ topic: events.topic, sequence: events.sequence })
    .from(events)
    .where(lt(events.createdAt, moment))
    .orderBy(asc(events.createdAt))
    .limit(limit);
  const removed = await db
    .delete(events)
    .where(sql`(${events.topic}, ${events.sequence}) in ${oldest}`)
    .returning({ sequence: events.sequence });
  return removed.length;
}

export const countEventsBefore = (db: Database, moment: Date): Promise<number> =>
  db.$count(events, lt(events.createdAt, moment));

const TOPICS_AT_ONCE = 500;

/** Deletes the events and counters of a company's topics in batches. */
export async function deleteEventsOfCompany(
  db: Database,
  companyId: string,
  options?: BatchOptions,
): Promise<void> {
  for (;;) {
    const some = await db
      .select({ topic: eventTopics.topic })
      .from(eventTopics)
      .where(eq(eventTopics.companyId, companyId))
      .limit(TOPICS_AT_ONCE);
    if (some.length === 0) return;
    const topics = some.map(({ topic }) => topic);
    await deleteInBatches(db, events, sql`${events.topic} = any(${sql.param(topics)})`, options);
    await db.delete(eventTopics).where(sql`${eventTopics.topic} = any(${sql.param(topics)})`);
  }
}
