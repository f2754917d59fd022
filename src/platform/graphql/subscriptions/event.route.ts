import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { FormattedExecutionResult } from "graphql";
import { badUserInput, notFound, unauthenticated } from "../../../kernel/errors.js";
import type { EventPayload } from "../../events/feed/channel.js";
import { bearerToken } from "../../http/bearer-token.js";
import { EVENT_STREAM, serverSentEvent } from "../../http/connections/event-stream.js";
import { errorResponse } from "../../http/errors/error-response.js";
import type { UrlSigner } from "../../http/files/signed-url.js";
import { isSigned } from "../../http/files/signed-url.js";
import type { RequestContext } from "../context.js";
import type { SignedFor } from "./event-urls.js";
import { EVENTS_PATH, eventResource, readSignedFor } from "./event-urls.js";
import type { Gateway, Realtime } from "./realtime.js";
import { wasInterrupted } from "./retry-event.js";
import { createStreams } from "./streams.js";
import type { SubscriptionFailure } from "./subscriptions.js";

export interface EventRoute<Viewer> extends Realtime<Viewer> {
  /**
   * What is told of each kind of topic: a subscription with the variables `$id` and `$after`, whose field is called
   * `told` and holds `cursor` and `event`.
   */
  readonly documents: Readonly<Record<string, string>>;
  readonly signer: Pick<UrlSigner, "verify">;
  /** How often streams are looked after; by default each second. */
  readonly sweepMs?: number;
  /** Whom a signed URL was given to; null when they may not come in any more. */
  enterBySignature(signedFor: SignedFor, endsAt: Date): Promise<Gateway<Viewer> | null>;
}

type EventRequest = FastifyRequest<{ Querystring: Record<string, unknown> }>;

/**
 * `GET /events?topic=<kind>:<id>&after=<cursor>`: a subscription as Server-Sent Events, for clients without websockets. A
 * client that connects again gives its last cursor as `Last-Event-ID`, as browsers do by themselves.
 */
export function registerEventRoute<Viewer>(app: FastifyInstance, route: EventRoute<Viewer>): void {
  const streams = createStreams(app, route);
  app.route<{ Querystring: Record<string, unknown> }>({
    url: EVENTS_PATH,
    method: "GET",
    exposeHeadRoute: false,
    // A browser takes every answer but a stream for the end, and comes back from what is none.
    errorHandler: (error, request, reply) => {
      if (!wasInterrupted(error)) throw error;
      streams.cutOff(error, request, reply);
    },
    handler: async (request, reply) =>
      streams.answer({
        request,
        reply,
        entrance: await identify(route, request),
        framing: EVENT_STREAM,
        open: (context, signal) => open(route, request, context, signal),
        refused({ failure }) {
          const { status, headers, body } = errorResponse(failure, request.id);
          reply.status(status).headers(headers).send(body);
        },
        written: asEvent,
        lastWord: ({ errors }) => asFailure(errors),
      }),
  });
  app.addHook("preClose", async () => {
    app.server.prependListener("request", cutOff);
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
async function identify<Viewer>(route: EventRoute<Viewer>, request: EventRequest): Promise<Gateway<Viewer>> {
  const { query, headers } = request;
  let entrance: Gateway<Viewer> | null;
  if (isSigned(query)) {
    const { viewerId, expiresAt } = route.signer.verify(eventResource(String(query.topic)), query);
    entrance = await route.enterBySignature(readSignedFor(viewerId), expiresAt);
  } else entrance = await route.enter(bearerToken(headers.authorization));
  if (!entrance) throw unauthenticated();
  return entrance;
}

async function open<Viewer>(
  { documents, subscriptions }: EventRoute<Viewer>,
  request: EventRequest,
  context: RequestContext<Viewer>,
  signal: AbortSignal,
): Promise<AsyncIterable<FormattedExecutionResult>> {
  const { kind, id } = topicIn(request.query.topic);
  const query = Object.hasOwn(documents, kind) ? documents[kind] : undefined;
  if (query === undefined) throw notFound("topic");
  return subscriptions.open({ query, variables: { id, after: cursorIn(request) } }, context, signal);
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

interface StreamedEvent {
  readonly cursor: string;
  readonly event: EventPayload;
}

function asEvent({ data, errors = [] }: FormattedExecutionResult): string {
  const told = data?.told as StreamedEvent | null | undefined;
  if (!told) return asFailure(errors);
  return serverSentEvent({ id: told.cursor, event: told.event.__typename, data: JSON.stringify(told.event) });
}

/** In the form that the bodies of errors have. */
function asFailure([first]: SubscriptionFailure["errors"]): string {
  return serverSentEvent({
    event: "error",
    data: JSON.stringify({ ...first?.extensions, message: first?.message }),
  });
}
