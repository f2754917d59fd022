import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import type { Swept } from "./connection-sweep.js";
import type { Reader, UnreadBudget } from "./unread-budget.js";

/** How what is told is put on the wire: an answer of one media type, in parts. */
export interface StreamFraming {
  readonly contentType: string;
  /** Sent at once, so that the client sees that its request was taken. */
  readonly opening: string;
  /** What clients take for a sign of life and nothing else. */
  readonly heartbeat: string;
}

export interface StreamedAnswerOptions {
  readonly heartbeatMs: number;
  /** How long a client may take to read what is sent to it. */
  readonly patienceMs: number;
  readonly endsAt: Date | null;
  readonly unread: UnreadBudget;
}

/** An answer that goes on for as long as there is something to tell. */
export class StreamedAnswer implements Swept {
  readonly #response: ServerResponse;
  readonly #framing: StreamFraming;
  readonly #options: StreamedAnswerOptions;
  readonly #closed = new AbortController();
  #stuckSince: number | null = null;
  #beatAt: number;
  readonly #reader: Reader = { cut: () => this.#response.destroy() };

  /** Answers the request with the beginning of a stream. */
  constructor(reply: FastifyReply, framing: StreamFraming, options: StreamedAnswerOptions) {
    this.#framing = framing;
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
      "content-type": framing.contentType,
      "cache-control": "no-store",
      // nginx would keep it back to send more at once.
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    this.#response.write(framing.opening);
  }

  /** Aborts when the stream has ended, whoever ended it. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  sweep(now: number): void {
    const { endsAt, heartbeatMs, patienceMs } = this.#options;
    if (endsAt && endsAt.getTime() <= Date.now()) this.end();
    if (this.#stuckSince !== null) {
      if (now - this.#stuckSince > patienceMs) this.#response.destroy();
    } else if (now >= this.#beatAt && !this.#response.writableEnded) {
      this.#beatAt = now + heartbeatMs;
      this.#response.write(this.#framing.heartbeat);
    }
  }

  /** Resolves when there is room for more; a client that never reads is cut off. */
  async send(text: string): Promise<void> {
    if (this.signal.aborted || this.#response.writableEnded) return;
    const hasRoom = this.#response.write(text, this.#countUnread);
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

  /** Ends the stream: without a last word, clients connect again, and go on behind what they have. */
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
