import { sql } from "drizzle-orm";
import type { Database } from "../../database/client.js";

/** An event of the log. */
export interface LoggedEvent {
  /** Counted per topic from 1, without gaps, in the order of the commits. */
  readonly sequence: number;
  /** In the past tense, such as "message.added". */
  readonly type: string;
  /** Ids, never contents. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An event as it was read from the log. */
export interface ReadEvent extends LoggedEvent {
  /** How long before the reading its transaction began, in seconds. */
  readonly ageSeconds: number;
}

/** A position in a topic's log: after the event with this number. */
export interface LogPosition {
  readonly topic: string;
  readonly after: number;
}

/** The oldest and the newest event of a topic's log. */
export interface LogBounds {
  /** The number of the newest event, pruned or not; 0 before the first. */
  readonly newest: number;
  /** The number of the oldest event that has not been pruned; null if there is none. */
  readonly oldest: number | null;
}

/** The events after each position, at most `limit` each, in the order of the positions; one statement. */
export async function listEventsAfter(
  db: Database,
  positions: readonly LogPosition[],
  limit: number,
): Promise<ReadEvent[][]> {
  const rows = await db.execute<{
    position: number;
    sequence: string;
    type: string;
    payload: object;
    ageSeconds: number;
  }>(sql`
    select requested.position::int, event.sequence, event.type, event.payload,
      extract(epoch from clock_timestamp() - event.created_at)::float8 as "ageSeconds"
    from unnest(
      ${sql.param(positions.map(({ topic }) => topic))}::text[],
      ${sql.param(positions.map(({ after }) => String(after)))}::bigint[]
    ) with ordinality as requested(topic, after, position)
    cross join lateral (
      select sequence, type, payload, created_at from events
      where events.topic = requested.topic and events.sequence > requested.after
      order by sequence
      limit ${limit}
    ) event
    order by requested.position, event.sequence`);
  const found: ReadEvent[][] = positions.map(() => []);
  for (const { position, sequence, type, payload, ageSeconds } of rows)
    found[position - 1]?.push({ sequence: Number(sequence), type, payload: { ...payload }, ageSeconds });
  return found;
}

/** The bounds of the topics' logs, in the order of the topics; one statement. */
export async function listLogBounds(db: Database, topics: readonly string[]): Promise<LogBounds[]> {
  const rows = await db.execute<{ topic: string; newest: string; oldest: string | null }>(sql`
    select topic, sequence as newest,
      (select events.sequence from events where events.topic = event_topics.topic
        order by events.sequence limit 1) as oldest
    from event_topics where topic = any(${sql.param([...topics])})`);
  const bounds = new Map(
    rows.map(({ topic, newest, oldest }) => [
      topic,
      { newest: Number(newest), oldest: oldest === null ? null : Number(oldest) },
    ]),
  );
  return topics.map((topic) => bounds.get(topic) ?? { newest: 0, oldest: null });
}

/** The number of each topic's newest event, in the order of the topics: 0 before the first; one statement. */
export async function listNewestSequences(db: Database, topics: readonly string[]): Promise<number[]> {
  const rows = await db.execute<{ topic: string; sequence: string }>(
    sql`select topic, sequence from event_topics where topic = any(${sql.param([...topics])})`,
  );
  const newest = new Map(rows.map(({ topic, sequence }) => [topic, Number(sequence)]));
  return topics.map((topic) => newest.get(topic) ?? 0);
}

/** The cursor of each topic's newest event, in the order of the topics. */
export const listEventCursors = async (db: Database, topics: readonly string[]): Promise<string[]> =>
  (await listNewestSequences(db, topics)).map(String);
