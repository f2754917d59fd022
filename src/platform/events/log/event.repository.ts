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
}

/**
 * Writes events to the log, in their order, at the end of the transaction that records them; one statement for all.
 * Their topics are locked in the order of their names, until the commit.
 */
export async function appendEvents(tx: Database, newEvents: readonly NewEvent[]): Promise<void> {
  if (newEvents.length === 0) return;
  const given = newEvents.map(({ topic, companyId, type, payload }, position) => ({
    position,
    topic,
    company_id: companyId,
    type,
    payload,
  }));
  await tx.execute(sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
        as event (position int, topic text, company_id uuid, type text, payload jsonb)),
    counted as (
      insert into ${eventTopics} as known (topic, company_id, sequence)
      select topic, (array_agg(company_id))[1], count(*) from given group by topic order by topic collate "C"
      on conflict (topic) do update set sequence = known.sequence + excluded.sequence
      returning known.topic, known.sequence as last)
    insert into ${events} (topic, sequence, company_id, type, payload)
    select topic, last - count(*) over of_topic + row_number() over (of_topic order by position), company_id, type, payload
    from given join counted using (topic) window of_topic as (partition by topic)`);
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
