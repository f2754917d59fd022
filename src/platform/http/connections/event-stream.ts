import type { StreamFraming } from "./streamed-answer.js";

/** An event as it is sent (HTML Standard, server-sent events). */
export interface ServerSentEvent {
  readonly event: string;
  /** A client that connects again gives the last one as `Last-Event-ID`. */
  readonly id?: string;
  /** In one line, such as JSON. */
  readonly data: string;
}

/** How long a client waits before it connects again. */
const RETRY_MS = 1_000;

export const EVENT_STREAM: StreamFraming = {
  contentType: "text/event-stream; charset=utf-8",
  opening: `retry: ${RETRY_MS}\n\n`,
  heartbeat: ":\n\n",
};

export function serverSentEvent({ event, id, data }: ServerSentEvent): string {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return `${idLine}event: ${event}\ndata: ${data}\n\n`;
}
