import { asc, eq, lt, sql } from "drizzle-orm";
import type { Database } from "../database/client.js";
import { events, eventTopics } from "./event.tables.js";

export interface NewEvent {
  /** Whom it is for, such as `media:<companyId>`. */
  readonly topic: string;
  readonly companyId: string;
  /** In the past tense, such as "file.altered". */
  readonly type: string;
  /** Ids, never contents: readers look up what the object is today. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Writes events down, in their order, at the end of the transaction that makes them happen. Their topics stay locked
 * until the commit; they are locked in the order of their names.
 */
export async function appendEvents(tx: Database, happened: readonly NewEvent[]): Promise<void> {
  const ofTopic = new Map<string, NewEvent[]>();
  for (const event of happened) ofTopic.set(event.topic, [...(ofTopic.get(event.topic) ?? []), event]);
  for (const topic of [...ofTopic.keys()].sort()) {
    const added = ofTopic.get(topic) ?? [];
    const last = await updateTopic(tx, topic, added);
    const first = last - added.length + 1;
    await tx.insert(events).values(added.map((event, index) => ({ ...event, sequence: first + index })));
  }
}

/** @returns the number of the topic's newest event */
async function updateTopic(tx: Database, topic: string, added: readonly NewEvent[]): Promise<number> {
  const [counted] = await tx
    .insert(eventTopics)
    .values({ topic, companyId: added[0]?.companyId ?? null, sequence: added.length })
    .onConflictDoUpdate({
      target: eventTopics.topic,
      set: { sequence: sql`${eventTopics.sequence} + ${added.length}` },
    })
    .returning({ sequence: eventTopics.sequence });
  return counted?.sequence ?? added.length;
}

/** Removes the oldest events, a batch of them. @returns how many were removed */
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

/** Removes what a company's topics hold, and their counters. */
export async function deleteEventsOfCompany(tx: Database, companyId: string): Promise<void> {
  await tx.delete(events).where(eq(events.companyId, companyId));
  await tx.delete(eventTopics).where(eq(eventTopics.companyId, companyId));
}
