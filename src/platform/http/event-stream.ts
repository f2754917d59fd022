import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import type { Attended } from "./rounds.js";
import type { Reader, UnreadBudget } from "./unread-budget.js";

/** An event as it is sent (HTML Standard, server-sent events). */
export interface ServerSentEvent {
  readonly event: string;
  /** A client that connects again gives the last one as `Last-Event-ID`. */
  readonly id?: string;
  readonly data: unknown;
}

export interface EventStreamOptions {
  readonly heartbeatMs: number;
  /** How long a client may take to read what is sent to it. */
  readonly patienceMs: number;
  readonly endsAt: Date | null;
  readonly unread: UnreadBudget;
}

/** How long a client waits before it connects again. */
const RETRY_MS = 1_000;

/** An answer that goes on for as long as there is something to tell. */
export class EventStream implements Attended {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  readonly #closed = new AbortController();
  #stuckSince: number | null = null;
  #beatAt: number;
  readonly #reader: Reader = { cut: () => this.#response.destroy() };

  /** Answers the request with the beginning of a stream. */
  constructor(reply: FastifyReply, options: EventStreamOptions) {
    this.#options = options;
    this.#response = reply.raw;
    this.#beatAt = performance.now() + options.heartbeatMs;
    reply.hijack();
    this.#response.once("close", () => {
      this.#closed.abort();
      options.unread.hold(this.#reader, 0);
    });
    if (this.#response.destroyed) this.#closed.abort();
    this.#response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // nginx would keep it back to send more at once.
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    this.#response.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** Aborts when the stream has ended, whoever ended it. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  attend(now: number): void {
    const { endsAt, heartbeatMs, patienceMs } = this.#options;
    if (endsAt && endsAt.getTime() <= Date.now()) this.end();
    if (this.#stuckSince !== null) {
      if (now - this.#stuckSince > patienceMs) this.#response.destroy();
    } else if (now >= this.#beatAt && !this.#response.writableEnded) {
      this.#beatAt = now + heartbeatMs;
      this.#response.write(":\n\n");
    }
  }

  /** Resolves when there is room for more; a client that never reads is cut off. */
  async send({ event, id, data }: ServerSentEvent): Promise<void> {
    if (this.signal.aborted || this.#response.writableEnded) return;
    const idLine = id === undefined ? "" : `id: ${id}\n`;
    const hasRoom = this.#response.write(
      `${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
      this.#countUnread,
    );
    // Node keeps back what is written in one tick, and hands it to the kernel at its end.
    process.nextTick(this.#countUnread);
    if (hasRoom) return;
    this.#stuckSince = performance.now();
    await once(this.#response, "drain", { signal: this.signal }).catch(() => {});
    if (!this.signal.aborted) this.#stuckSince = null;
  }

  #countUnread = (): void => {
    const { destroyed, writableLength } = this.#response;
    this.#options.unread.hold(this.#reader, destroyed ? 0 : writableLength);
  };

  /** Ends the stream; the client connects again, and goes on behind the last id that it has. */
  end(): void {
    if (this.#response.writableEnded) return;
    // What the client does not read of it in time, is cut off as well.
    this.#stuckSince ??= performance.now();
    this.#response.end();
    this.#closed.abort();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#response.destroy();
  }
}
