import type { Database } from "../database/client.js";
import { listEventCursors } from "../events/log/event-log.repository.js";
import { perEventBatch } from "./loaders.js";

export type EventCursorLoaders = ReturnType<typeof createEventCursorLoaders>;

/** The newest event cursors of topics. Other data of the same request may be older. */
export const createEventCursorLoaders = ({ db }: { readonly db: Database }) => ({
  ofTopic: perEventBatch<{ readonly shared?: object }, string, string>((topics) =>
    listEventCursors(db, topics),
  ),
});

/** The description of such a cursor in the schema. */
export const EVENT_CURSOR =
  "Query it first and alone, then query the rest, then subscribe with it: so no event is missed.";
