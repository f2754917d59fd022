import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { FormattedExecutionResult } from "graphql";
import { SECOND_MS } from "../../../kernel/clock.js";
import { createConnectionSweep } from "../../http/connections/connection-sweep.js";
import type { StreamFraming } from "../../http/connections/streamed-answer.js";
import { StreamedAnswer } from "../../http/connections/streamed-answer.js";
import { logSlowStatement } from "../../http/errors/slow-statement.js";
import type { RequestContext } from "../context.js";
import type { Authentication, Realtime } from "./realtime.js";
import { READ_TIMEOUT_MS } from "./realtime.js";
import { SubscriptionFailure } from "./subscriptions.js";

/** How long a client may take to read the end of its stream when the server closes. */
const CLOSE_TIMEOUT_MS = SECOND_MS;

export interface StreamsOptions<Viewer> extends Realtime<Viewer> {
  /** Interval of the checks on open streams; a second by default. */
  readonly sweepMs?: number;
}

/** A subscription whose events are streamed in the response to its request. */
export interface StreamedSubscription<Viewer> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly authentication: Authentication<Viewer>;
  readonly framing: StreamFraming;
  open(
    context: RequestContext<Viewer>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<FormattedExecutionResult>>;
  /** Responds to a subscription that was refused. */
  refuse(failure: SubscriptionFailure): void;
  /** A result in the stream's framing. */
  serialize(result: FormattedExecutionResult): string;
  /** The last message of a stream that ends with an error: it makes clients not reconnect. */
  serializeFailure(failure: SubscriptionFailure): string;
}

export interface Streams<Viewer> {
  /** @throws RATE_LIMITED if the viewer has too many open connections */
  answer(subscription: StreamedSubscription<Viewer>): Promise<FastifyReply>;
  /** Closes the connection without a response because the database is unavailable: clients reconnect. */
  cutOff(error: unknown, request: FastifyRequest, reply: FastifyReply): void;
}

/**
 * Streams of events over HTTP. Each takes one of its viewer's connection slots. It ends when its credentials expire,
 * the client disconnects or the server closes; no final message is sent then, so that clients reconnect and resume.
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
    const timeout = setTimeout(() => {
      for (const stream of sweep.connections) stream.destroy();
    }, CLOSE_TIMEOUT_MS);
    app.server.once("close", () => clearTimeout(timeout));
  });
  return {
    async answer(subscription) {
      const { request, reply, authentication, framing } = subscription;
      const releaseSlot = options.slots.take(authentication.key);
      reply.raw.once("close", releaseSlot);
      if (reply.raw.destroyed) releaseSlot();
      const closed = new AbortController();
      reply.raw.once("close", () => closed.abort());
      const { viewer } = authentication;
      const context = { ...options.requestOf(request), viewer, requestId: request.id, requestBytes: null };
      const events = await options.openingTurns(authentication.share, () =>
        openOrRefuse(subscription, context, closed.signal),
      );
      if (!events) return reply;
      const { heartbeatMs, readTimeoutMs = READ_TIMEOUT_MS, unread } = options;
      const { endsAt } = authentication;
      const stream = new StreamedAnswer(reply, framing, { heartbeatMs, readTimeoutMs, unread, endsAt });
      sweep.add(stream);
      reply.raw.once("close", () => sweep.remove(stream));
      stream.signal.addEventListener("abort", () => closed.abort(), { once: true });
      if (isClosing || stream.signal.aborted) stream.end();
      await writeEvents(stream, events, subscription);
      return reply;
    },
    cutOff(error, request, reply) {
      if (!logSlowStatement(request.log, error))
        request.log.warn({ err: error }, "a stream is cut off: the database is unavailable");
      reply.hijack();
      reply.raw.destroy();
    },
  };
}

async function openOrRefuse<Viewer>(
  { open, refuse }: StreamedSubscription<Viewer>,
  context: RequestContext<Viewer>,
  signal: AbortSignal,
): Promise<AsyncIterable<FormattedExecutionResult> | null> {
  try {
    return await open(context, signal);
  } catch (error) {
    if (!(error instanceof SubscriptionFailure)) throw error;
    refuse(error);
    return null;
  }
}

async function writeEvents<Viewer>(
  stream: StreamedAnswer,
  events: AsyncIterable<FormattedExecutionResult>,
  { serialize, serializeFailure }: StreamedSubscription<Viewer>,
): Promise<void> {
  try {
    for await (const result of events) await stream.send(serialize(result));
  } catch (error) {
    if (!(error instanceof SubscriptionFailure)) throw error;
    await stream.send(serializeFailure(error));
  } finally {
    stream.end();
  }
}
