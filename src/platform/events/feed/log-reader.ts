import DataLoader from "dataloader";
import type { Database } from "../../database/client.js";
import type { LogBounds, LogPosition, ReadEvent } from "../log/event-log.repository.js";
import { listEventsAfter, listLogBounds, listNewestSequences } from "../log/event-log.repository.js";

/** How many events are read at once. */
export const PAGE = 100;
/** How long new subscribers are collected, so that their topics are looked up in one statement. */
const BATCH_WINDOW_MS = 5;
/** How many positions are read in one statement. */
const POSITIONS_AT_ONCE = 20;

/** Reads the event log for many topics at once. */
export interface LogReader {
  boundsOf(topic: string): Promise<LogBounds>;
  /** The next events after a position; after a full `PAGE` there may be more. */
  eventsAfter(position: LogPosition): Promise<ReadEvent[]>;
  /** The number of each topic's newest event, in the order of the topics. */
  newestOf(topics: readonly string[]): Promise<number[]>;
}

export function createLogReader(db: Database): LogReader {
  const bounds = new DataLoader((topics: readonly string[]) => listLogBounds(db, topics), {
    cache: false,
    // After a restart many clients reconnect at once.
    batchScheduleFn: (dispatch) => setTimeout(dispatch, BATCH_WINDOW_MS),
  });
  const events = new DataLoader((positions: readonly LogPosition[]) => listEventsAfter(db, positions, PAGE), {
    cache: false,
    maxBatchSize: POSITIONS_AT_ONCE,
  });
  return {
    boundsOf: (topic) => bounds.load(topic),
    eventsAfter: (position) => events.load(position),
    newestOf: (topics) => listNewestSequences(db, topics),
  };
}
