import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { FormattedExecutionResult } from "graphql";
import { SECOND_MS } from "../../kernel/clock.js";
import { badUserInput, notFound, unauthenticated } from "../../kernel/errors.js";
import type { Told } from "../events/channel.js";
import { bearerToken } from "../http/bearer-token.js";
import { errorResponse } from "../http/error-response.js";
import type { ServerSentEvent } from "../http/event-stream.js";
import { EventStream } from "../http/event-stream.js";
import { createRounds } from "../http/rounds.js";
import type { UrlSigner } from "../http/signed-url.js";
import { isSigned } from "../http/signed-url.js";
import { logSlowStatement } from "../http/slow-statement.js";
import type { SignedFor } from "./event-urls.js";
import { EVENTS_PATH, eventResource, readSignedFor } from "./event-urls.js";
import { wasInterrupted } from "./make-again.js";
import type { Entrance, Realtime } from "./realtime.js";
import { PATIENCE_MS } from "./realtime.js";
import { SubscriptionFailure } from "./subscriptions.js";

export interface EventRoute<Viewer> extends Realtime<Viewer> {
  /**
   * What is told of each kind of topic: a subscription with the variables `$id` and `$after`, whose field is called
   * `told` and holds `cursor` and `event`.
   */
  readonly documents: Readonly<Record<string, string>>;
  readonly signer: Pick<UrlSigner, "verify">;
  /** How often streams are looked after; by default each second. */
  readonly roundMs?: number;
  /** Whom a signed URL was given to; null when they may not come in any more. */
  enterBySignature(signedFor: SignedFor, endsAt: Date): Promise<Entrance<Viewer> | null>;
}

/** How long a client may take to read the end of its stream when the server closes. */
const FAREWELL_MS = SECOND_MS;

type EventRequest = FastifyRequest<{ Querystring: Record<string, unknown> }>;

/**
 * `GET /events?topic=<kind>:<id>&after=<cursor>`: a subscription as Server-Sent Events, for clients without websockets. A
 * client that connects again gives its last cursor as `Last-Event-ID`, as browsers do by themselves.
 */
export function registerEventRoute<Viewer>(app: FastifyInstance, route: EventRoute<Viewer>): void {
  const rounds = createRounds<EventStream>(route.roundMs);
  let isClosing = false;
  app.route<{ Querystring: Record<string, unknown> }>({
    url: EVENTS_PATH,
    method: "GET",
    exposeHeadRoute: false,
    // A browser takes every answer but a stream for the end, and comes back from what is none.
    errorHandler: (error, request, reply) => {
      if (!wasInterrupted(error)) throw error;
      if (!logSlowStatement(request.log, error))
        request.log.warn({ err: error }, "a stream is cut off: the database is away");
      reply.hijack();
      reply.raw.destroy();
    },
    handler: async (request, reply) => {
      const entrance = await identify(route, request);
      const leave = route.places.take(entrance.key);
      reply.raw.once("close", leave);
      if (reply.raw.destroyed) leave();
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const events = await begin(route, { request, reply, entrance, signal: gone.signal });
      if (!events) return reply;
      const { heartbeatMs, patienceMs = PATIENCE_MS, unread } = route;
      const stream = new EventStream(reply, { heartbeatMs, patienceMs, unread, endsAt: entrance.endsAt });
      rounds.add(stream);
      reply.raw.once("close", () => rounds.remove(stream));
      stream.signal.addEventListener("abort", () => gone.abort(), { once: true });
      if (isClosing || stream.signal.aborted) stream.end();
      await tell(stream, events);
      return reply;
    },
  });
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const stream of rounds.connections) stream.end();
    app.server.prependListener("request", cutOff);
    const impatience = setTimeout(() => {
      for (const stream of rounds.connections) stream.destroy();
    }, FAREWELL_MS);
    app.server.once("close", () => clearTimeout(impatience));
  });
}

/**
 * While a server closes, every request is refused. A browser's `EventSource` takes an answer for the end, and what is
 * none for a reason to connect again: another server has started by then, or this one.
 */
function cutOff({ url = "", socket }: IncomingMessage): void {
  if (url.split("?", 1)[0] === EVENTS_PATH) socket.destroy();
}

/** @throws UNAUTHENTICATED without good credentials, FORBIDDEN when the signature is wrong or has expired */
async function identify<Viewer>(route: EventRoute<Viewer>, request: EventRequest): Promise<Entrance<Viewer>> {
  const { query, headers } = request;
  let entrance: Entrance<Viewer> | null;
  if (isSigned(query)) {
    const { viewerId, expiresAt } = route.signer.verify(eventResource(String(query.topic)), query);
    entrance = await route.enterBySignature(readSignedFor(viewerId), expiresAt);
  } else entrance = await route.enter(bearerToken(headers.authorization));
  if (!entrance) throw unauthenticated();
  return entrance;
}

interface Visit<Viewer> {
  readonly request: EventRequest;
  readonly reply: FastifyReply;
  readonly entrance: Entrance<Viewer>;
  readonly signal: AbortSignal;
}

/** Begins the subscription, or answers why not. */
async function begin<Viewer>(
  route: EventRoute<Viewer>,
  { request, reply, entrance, signal }: Visit<Viewer>,
): Promise<AsyncIterable<FormattedExecutionResult> | null> {
  const { kind, id } = topicIn(request.query.topic);
  const query = Object.hasOwn(route.documents, kind) ? route.documents[kind] : undefined;
  if (query === undefined) throw notFound("topic");
  const variables = { id, after: cursorIn(request) };
  const { viewer } = entrance;
  const context = { ...route.requestOf(request), viewer, requestId: request.id, requestBytes: null };
  try {
    return await route.subscriptions.open({ query, variables }, context, signal);
  } catch (error) {
    if (!(error instanceof SubscriptionFailure)) throw error;
    const { status, headers, body } = errorResponse(error.failure, request.id);
    reply.status(status).headers(headers).send(body);
    return null;
  }
}

function topicIn(topic: unknown): { kind: string; id: string } {
  const [, kind, id] = (typeof topic === "string" && /^([^:]+):(.+)$/.exec(topic)) || [];
  if (kind === undefined || id === undefined)
    throw badUserInput("Give `topic` as `<kind>:<id>`, such as `conversation:` and its id.", {
      field: "topic",
    });
  return { kind, id };
}

/** Where a client that connects again was cut off wins over where it once began. */
function cursorIn({ headers, query }: EventRequest): string | null {
  const cursor = headers["last-event-id"] || query.after;
  if (cursor === undefined || cursor === "") return null;
  if (typeof cursor !== "string") throw badUserInput("Give `after` once.", { field: "after" });
  return cursor;
}

async function tell(stream: EventStream, events: AsyncIterable<FormattedExecutionResult>): Promise<void> {
  try {
    for await (const result of events) await stream.send(asEvent(result));
  } catch (error) {
    if (!(error instanceof SubscriptionFailure)) throw error;
    await stream.send(asFailure(error.errors));
  } finally {
    stream.end();
  }
}

interface ToldEvent {
  readonly cursor: string;
  readonly event: Told;
}

function asEvent({ data, errors = [] }: FormattedExecutionResult): ServerSentEvent {
  const told = data?.told as ToldEvent | null | undefined;
  if (!told) return asFailure(errors);
  return { id: told.cursor, event: told.event.__typename, data: told.event };
}

/** In the form that the bodies of errors have. */
function asFailure([first]: SubscriptionFailure["errors"]): ServerSentEvent {
  return { event: "error", data: { ...first?.extensions, message: first?.message } };
}
