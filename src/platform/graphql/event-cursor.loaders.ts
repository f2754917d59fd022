import type { Database } from "../database/client.js";
import { listEventCursors } from "../events/log/event-log.repository.js";
import { perEventBatch } from "./loaders.js";

export type EventCursorLoaders = ReturnType<typeof createEventCursorLoaders>;

/** Where the events of topics stand, by the topic. What is looked up beside it in one request may be older. */
export const createEventCursorLoaders = ({ db }: { readonly db: Database }) => ({
  ofTopic: perEventBatch<{ readonly shared?: object }, string, string>((topics) =>
    listEventCursors(db, topics),
  ),
});

/** How the schema says what such a cursor is good for. */
export const EVENT_CURSOR =
  "Query it first and alone, then query the rest, then subscribe with it: so no event is missed.";
