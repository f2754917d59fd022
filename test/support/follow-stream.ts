import { setTimeout as pass } from "node:timers/promises";
import type { StreamedEvent } from "./server-sent-events.js";
import { eventsIn } from "./server-sent-events.js";
import { bearer } from "./test-client.js";

export interface FollowedStream {
  /** All that came, in the order in which it came. */
  readonly events: readonly StreamedEvent[];
  stop(): Promise<void>;
}

/** Follows a topic from its beginning on, as a browser's `EventSource` does: an end makes it come back behind its last event. */
export function followStream(url: string, topic: string, token: string): FollowedStream {
  const events: StreamedEvent[] = [];
  const stopped = new AbortController();
  const read = async () => {
    const lastId = events.at(-1)?.id ?? "0";
    const response = await fetch(`${url}/events?topic=${topic}&after=0`, {
      headers: { ...bearer(token), "last-event-id": lastId },
      signal: stopped.signal,
    });
    if (!response.ok) throw new Refusal(await response.text());
    for await (const event of eventsIn(response)) events.push(event);
  };
  const reading = (async () => {
    while (!stopped.signal.aborted) {
      await read().catch((error: unknown) => {
        // A browser comes back from whatever is no answer, and never from one that is a refusal.
        if (error instanceof Refusal) throw error;
      });
      await pass(20);
    }
  })();
  reading.catch(() => {});
  return {
    events,
    stop() {
      stopped.abort();
      return reading;
    },
  };
}

class Refusal extends Error {}
