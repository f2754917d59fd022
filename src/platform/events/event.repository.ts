import { asc, eq, lt, sql } from "drizzle-orm";
import { isAnyOf } from "../database/any-of.js";
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

/** Writes an event down in the transaction that makes it happen. The topic stays locked until the commit. */
export async function appendEvent(tx: Database, event: NewEvent): Promise<number> {
  const [counted] = await tx
    .insert(eventTopics)
    .values({ topic: event.topic, sequence: 1 })
    .onConflictDoUpdate({
      target: eventTopics.topic,
      set: { sequence: sql`${eventTopics.sequence} + 1` },
    })
    .returning({ sequence: eventTopics.sequence });
  const sequence = counted?.sequence ?? 1;
  await tx.insert(events).values({ ...event, sequence });
  return sequence;
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
  const removed = await tx
    .delete(events)
    .where(eq(events.companyId, companyId))
    .returning({ topic: events.topic });
  const topics = new Set([`media:${companyId}`, ...removed.map((row) => row.topic)]);
  await tx.delete(eventTopics).where(isAnyOf(eventTopics.topic, [...topics]));
}
