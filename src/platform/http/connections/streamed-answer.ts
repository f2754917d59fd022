import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import type { Swept } from "./connection-sweep.js";
import type { Reader, UnreadBudget } from "./unread-budget.js";

/** The wire format of a stream: its media type and fixed parts. */
export interface StreamFraming {
  readonly contentType: string;
  /** Sent at once, so that the client knows that its request was accepted. */
  readonly opening: string;
  /** Sent at intervals; clients ignore it. */
  readonly heartbeat: string;
}

export interface StreamedAnswerOptions {
  readonly heartbeatMs: number;
  /** How long a client may leave sent data unread. */
  readonly readTimeoutMs: number;
  readonly endsAt: Date | null;
  readonly unread: UnreadBudget;
}

/** A response that stays open and to which messages are written as they come. */
export class StreamedAnswer implements Swept {
  readonly #response: ServerResponse;
  readonly #framing: StreamFraming;
  readonly #options: StreamedAnswerOptions;
  readonly #closed = new AbortController();
  #stuckSince: number | null = null;
  #beatAt: number;
  readonly #reader: Reader = { cut: () => this.#response.destroy() };

  /** Sends the headers and the opening of the stream. */
  constructor(reply: FastifyReply, framing: StreamFraming, options: StreamedAnswerOptions) {
    this.#framing = framing;
    this.#options = options;
    this.#response = reply.raw;
    this.#beatAt = performance.now() + options.heartbeatMs;
    reply.header("content-type", framing.contentType).hijack();
    this.#response.once("close", () => {
      this.#closed.abort();
      options.unread.hold(this.#reader, 0);
    });
    if (this.#response.destroyed) this.#closed.abort();
    this.#response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      // Otherwise nginx would buffer the response.
      "x-accel-buffering": "no",
    });
    this.#response.write(framing.opening);
  }

  /** Aborts when the stream has ended, for any reason. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  sweep(now: number): void {
    const { endsAt, heartbeatMs, readTimeoutMs } = this.#options;
    if (endsAt && endsAt.getTime() <= Date.now()) this.end();
    if (this.#stuckSince !== null) {
      if (now - this.#stuckSince > readTimeoutMs) this.#response.destroy();
    } else if (now >= this.#beatAt && !this.#response.writableEnded) {
      this.#beatAt = now + heartbeatMs;
      this.#response.write(this.#framing.heartbeat);
    }
  }

  /** Resolves when more can be written (back-pressure). A client that does not read is disconnected. */
  async send(text: string): Promise<void> {
    if (this.signal.aborted || this.#response.writableEnded) return;
    const hasRoom = this.#response.write(text, this.#countUnread);
    // Node passes what is written in one tick to the kernel at the end of the tick.
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

  /** Ends the stream without a final message, so that clients reconnect and resume. */
  end(): void {
    if (this.#response.writableEnded) return;
    // A client that does not read the rest in time is disconnected as well.
    this.#stuckSince ??= performance.now();
    this.#response.end();
    this.#closed.abort();
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#response.destroy();
  }
}
