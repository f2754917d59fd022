import { eventsIn } from "./server-sent-events.js";
import { bearer } from "./test-client.js";

export interface ReadStream {
  /** Those that have come, by their names, each with its id. */
  readonly events: readonly { readonly id: string; readonly event: string }[];
  stop(): Promise<void>;
}

/** Reads a topic from its beginning on as Server-Sent Events. */
export function readEventStream(url: string, topic: string, token: string): ReadStream {
  const events: { id: string; event: string }[] = [];
  const stopped = new AbortController();
  const reading = (async () => {
    const response = await fetch(`${url}/events?topic=${topic}&after=0`, {
      headers: bearer(token),
      signal: stopped.signal,
    });
    if (!response.ok) throw new Error(await response.text());
    for await (const { id, event } of eventsIn(response)) if (id !== undefined) events.push({ id, event });
  })().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
  });
  return {
    events,
    stop() {
      stopped.abort();
      return reading;
    },
  };
}
