import { sql } from "drizzle-orm";
import type { Database } from "../../database/client.js";

/** What happened, as the log has it. */
export interface LoggedEvent {
  /** Counted per topic from 1, without gaps, in the order of the commits. */
  readonly sequence: number;
  /** In the past tense, such as "message.added". */
  readonly type: string;
  /** Ids, never contents. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A place in a topic's log: behind the event with this number. */
export interface LogPosition {
  readonly topic: string;
  readonly after: number;
}

/** How far a topic's log reaches. */
export interface LogReach {
  /** The number of the newest event ever; 0 before the first. */
  readonly newest: number;
  /** The number of the oldest event that has not been pruned; null when there is none. */
  readonly oldest: number | null;
}

/** The events behind each position, so many of each at most, in the order of the positions; one statement. */
export async function listEventsAfter(
  db: Database,
  positions: readonly LogPosition[],
  limit: number,
): Promise<LoggedEvent[][]> {
  const rows = await db.execute<{ place: number; sequence: string; type: string; payload: object }>(sql`
    select asked.place::int, event.sequence, event.type, event.payload
    from unnest(
      ${sql.param(positions.map(({ topic }) => topic))}::text[],
      ${sql.param(positions.map(({ after }) => String(after)))}::bigint[]
    ) with ordinality as asked(topic, after, place)
    cross join lateral (
      select sequence, type, payload from events
      where events.topic = asked.topic and events.sequence > asked.after
      order by sequence
      limit ${limit}
    ) event
    order by asked.place, event.sequence`);
  const found: LoggedEvent[][] = positions.map(() => []);
  for (const { place, sequence, type, payload } of rows)
    found[place - 1]?.push({ sequence: Number(sequence), type, payload: { ...payload } });
  return found;
}

/** How far the logs of topics reach, in their order; one statement. */
export async function listLogReaches(db: Database, topics: readonly string[]): Promise<LogReach[]> {
  const rows = await db.execute<{ topic: string; newest: string; oldest: string | null }>(sql`
    select topic, sequence as newest,
      (select events.sequence from events where events.topic = event_topics.topic
        order by events.sequence limit 1) as oldest
    from event_topics where topic = any(${sql.param([...topics])})`);
  const reaches = new Map(
    rows.map(({ topic, newest, oldest }) => [
      topic,
      { newest: Number(newest), oldest: oldest === null ? null : Number(oldest) },
    ]),
  );
  return topics.map((topic) => reaches.get(topic) ?? { newest: 0, oldest: null });
}

/** The number of each topic's newest event, in the order of the topics: 0 before the first; one statement. */
export async function listNewestSequences(db: Database, topics: readonly string[]): Promise<number[]> {
  const rows = await db.execute<{ topic: string; sequence: string }>(
    sql`select topic, sequence from event_topics where topic = any(${sql.param([...topics])})`,
  );
  const newest = new Map(rows.map(({ topic, sequence }) => [topic, Number(sequence)]));
  return topics.map((topic) => newest.get(topic) ?? 0);
}

/** The cursor of each topic's newest event, in the order of the topics: `after` it comes what has not happened yet. */
export const listEventCursors = async (db: Database, topics: readonly string[]): Promise<string[]> =>
  (await listNewestSequences(db, topics)).map(String);
