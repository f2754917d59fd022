import type { FiledeskError } from "../../src/kernel/errors.js";
import type { Viewer } from "../../src/modules/identity/viewer.js";
import type { Channel } from "../../src/platform/events/feed/channel.js";
import type { LoggedEvent } from "../../src/platform/events/log/event-log.repository.js";
import type { TestServer } from "./test-server.js";

/** What the log has of a topic behind an event, in its order. */
export async function eventsOf(
  { database }: Pick<TestServer, "database">,
  topic: string,
  after = 0,
): Promise<LoggedEvent[]> {
  const rows = await database.sql<LoggedEvent[]>`
    select sequence::int, type, payload from events where topic = ${topic} and sequence > ${after} order by sequence`;
  return [...rows];
}

/** A topic's log in short: the types, each with the ids that it names. */
export const inShort = (events: readonly LoggedEvent[]) =>
  events.map(({ type, payload }) => [type, payload] as const);

/** With which code a channel refuses a viewer; "ok" when it does not. */
export const admission = (channel: Channel<Viewer>, viewer: Viewer, id: string): Promise<string> =>
  channel.admit(viewer, id).then(
    () => "ok",
    (error: FiledeskError) => error.code,
  );
