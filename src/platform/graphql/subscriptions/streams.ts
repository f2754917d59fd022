import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { FormattedExecutionResult } from "graphql";
import { SECOND_MS } from "../../../kernel/clock.js";
import { createConnectionSweep } from "../../http/connections/connection-sweep.js";
import type { StreamFraming } from "../../http/connections/streamed-answer.js";
import { StreamedAnswer } from "../../http/connections/streamed-answer.js";
import { logSlowStatement } from "../../http/errors/slow-statement.js";
import type { RequestContext } from "../context.js";
import type { Gateway, Realtime } from "./realtime.js";
import { PATIENCE_MS } from "./realtime.js";
import { SubscriptionFailure } from "./subscriptions.js";

/** How long a client may take to read the end of its stream when the server closes. */
const FAREWELL_MS = SECOND_MS;

export interface StreamsOptions<Viewer> extends Realtime<Viewer> {
  /** How often streams are looked after; by default each second. */
  readonly sweepMs?: number;
}

/** A subscription that is answered over HTTP for as long as it lasts. */
export interface StreamedSubscription<Viewer> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly entrance: Gateway<Viewer>;
  readonly framing: StreamFraming;
  open(
    context: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>>;
  /** Answers a subscription that could not begin. */
  refused(failure: SubscriptionFailure): void;
  /** A result in the stream's framing. */
  written(result: FormattedExecutionResult): string;
  /** What is written last when an event cannot be told: clients do not come back then. */
  lastWord(failure: SubscriptionFailure): string;
}

export interface Streams<Viewer> {
  /** @throws RATE_LIMITED when the viewer has all the connections that one may have */
  answer(subscription: StreamedSubscription<Viewer>): Promise<FastifyReply>;
  /** Ends a request without an answer, because the database is away: clients connect again. */
  cutOff(error: unknown, request: FastifyRequest, reply: FastifyReply): void;
}

/**
 * Streams of events over HTTP. Each takes a place among its viewer's connections, and ends with the credentials that it
 * was opened with, with its client, and with the server: without a last word, so that clients come back and resume.
 */
export function createStreams<Viewer>(
  app: FastifyInstance,
  options: StreamsOptions<Viewer>,
): Streams<Viewer> {
  const sweep = createConnectionSweep<StreamedAnswer>(options.sweepMs);
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const stream of sweep.connections) stream.end();
    const impatience = setTimeout(() => {
      for (const stream of sweep.connections) stream.destroy();
    }, FAREWELL_MS);
    app.server.once("close", () => clearTimeout(impatience));
  });
  return {
    async answer(subscription) {
      const { request, reply, entrance, framing } = subscription;
      const leave = options.slots.take(entrance.key);
      reply.raw.once("close", leave);
      if (reply.raw.destroyed) leave();
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const { viewer } = entrance;
      const context = { ...options.requestOf(request), viewer, requestId: request.id, requestBytes: null };
      const events = await options.openings(entrance.share, () =>
        openOrRefuse(subscription, context, gone.signal),
      );
      if (!events) return reply;
      const { heartbeatMs, patienceMs = PATIENCE_MS, unread } = options;
      const { endsAt } = entrance;
      const stream = new StreamedAnswer(reply, framing, { heartbeatMs, patienceMs, unread, endsAt });
      sweep.add(stream);
      reply.raw.once("close", () => sweep.remove(stream));
      stream.signal.addEventListener("abort", () => gone.abort(), { once: true });
      if (isClosing || stream.signal.aborted) stream.end();
      await writeEvents(stream, events, subscription);
      return reply;
    },
    cutOff(error, request, reply) {
      if (!logSlowStatement(request.log, error))
        request.log.warn({ err: error }, "a stream is cut off: the database is away");
      reply.hijack();
      reply.raw.destroy();
    },
  };
}

async function openOrRefuse<Viewer>(
  { open, refused }: StreamedSubscription<Viewer>,
  context: RequestContext<Viewer>,
  signal: AbortSignal,
): Promise<AsyncIterable<FormattedExecutionResult> | null> {
  try {
    return await open(context, signal);
  } catch (error) {
    if (!(error instanceof SubscriptionFailure)) throw error;
    refused(error);
    return null;
  }
}

async function writeEvents<Viewer>(
  stream: StreamedAnswer,
  events: AsyncIterable<FormattedExecutionResult>,
  { written, lastWord }: StreamedSubscription<Viewer>,
): Promise<void> {
  try {
    for await (const result of events) await stream.send(written(result));
  } catch (error) {
    if (!(error instanceof SubscriptionFailure)) throw error;
    await stream.send(lastWord(error));
  } finally {
    stream.end();
  }
}
