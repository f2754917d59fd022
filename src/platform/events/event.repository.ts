import { lt, sql } from "drizzle-orm";
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

/** @returns how many events were removed */
export async function deleteEventsBefore(db: Database, moment: Date): Promise<number> {
  const removed = await db
    .delete(events)
    .where(lt(events.createdAt, moment))
    .returning({ sequence: events.sequence });
  return removed.length;
}
