import type { StreamFraming } from "./streamed-answer.js";

/** An event of a stream (HTML Standard, server-sent events). */
export interface ServerSentEvent {
  readonly event: string;
  /** A client that reconnects sends the last one as `Last-Event-ID`. */
  readonly id?: string;
  /** A single line, such as JSON. */
  readonly data: string;
}

/** How long a client waits before it reconnects. */
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
