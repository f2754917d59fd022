import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { FormattedExecutionResult } from "graphql";
import { badUserInput, notFound, unauthenticated } from "../../../kernel/errors.js";
import type { EventPayload } from "../../events/feed/channel.js";
import { bearerToken } from "../../http/bearer-token.js";
import { EVENT_STREAM, serverSentEvent } from "../../http/connections/event-stream.js";
import { errorResponse } from "../../http/errors/error-response.js";
import type { SignedFor } from "../../http/files/signed-for.js";
import { readSignedFor } from "../../http/files/signed-for.js";
import type { UrlSigner } from "../../http/files/signed-url.js";
import { isSigned } from "../../http/files/signed-url.js";
import type { RequestContext } from "../context.js";
import { EVENTS_PATH, eventResource } from "./event-urls.js";
import type { Authentication, Realtime } from "./realtime.js";
import { wasInterrupted } from "./retry-event.js";
import { createStreams } from "./streams.js";
import type { SubscriptionFailure } from "./subscriptions.js";

export interface EventRoute<Viewer> extends Realtime<Viewer> {
  /**
   * The subscription of each kind of topic. It has the variables `$id` and `$after`, and one field with the alias
   * `delivery`, which contains `cursor` and `event`.
   */
  readonly documents: Readonly<Record<string, string>>;
  readonly signer: Pick<UrlSigner, "verify">;
  /** Interval of the checks on open streams; a second by default. */
  readonly sweepMs?: number;
  /** The viewer of a signed URL; null if their access has ended. */
  authenticateBySignature(signedFor: SignedFor, endsAt: Date): Promise<Authentication<Viewer> | null>;
}

type EventRequest = FastifyRequest<{ Querystring: Record<string, unknown> }>;

/**
 * `GET /events?topic=<kind>:<id>&after=<cursor>`: a subscription as Server-Sent Events, for clients without websockets.
 * A client that reconnects sends its last cursor as `Last-Event-ID`, as browsers do automatically.
 */
export function registerEventRoute<Viewer>(app: FastifyInstance, route: EventRoute<Viewer>): void {
  const streams = createStreams(app, route);
  app.route<{ Querystring: Record<string, unknown> }>({
    url: EVENTS_PATH,
    method: "GET",
    exposeHeadRoute: false,
    // An `EventSource` reconnects only if it gets no response at all; any response other than a stream ends it.
    errorHandler: (error, request, reply) => {
      if (!wasInterrupted(error)) throw error;
      streams.cutOff(error, request, reply);
    },
    handler: async (request, reply) =>
      streams.answer({
        request,
        reply,
        authentication: await identify(route, request),
        framing: EVENT_STREAM,
        open: (context, signal) => open(route, request, context, signal),
        refuse({ failure }) {
          const { status, headers, body } = errorResponse(failure, request.id);
          reply.status(status).headers(headers).send(body);
        },
        serialize: asEvent,
        serializeFailure: ({ errors }) => asFailure(errors),
      }),
  });
  app.addHook("preClose", async () => {
    app.server.prependListener("request", cutOff);
  });
}

/**
 * Closes the connection without a response while the server shuts down. A browser's `EventSource` then reconnects, by
 * which time another server has started, or this one again; an error response would end it.
 */
function cutOff({ url = "", socket }: IncomingMessage): void {
  if (url.split("?", 1)[0] === EVENTS_PATH) socket.destroy();
}

/** @throws UNAUTHENTICATED without valid credentials, FORBIDDEN if the signature is invalid or has expired */
async function identify<Viewer>(
  route: EventRoute<Viewer>,
  request: EventRequest,
): Promise<Authentication<Viewer>> {
  const { query, headers } = request;
  let authentication: Authentication<Viewer> | null;
  if (isSigned(query)) {
    const { viewerId, expiresAt } = route.signer.verify(eventResource(String(query.topic)), query);
    authentication = await route.authenticateBySignature(readSignedFor(viewerId), expiresAt);
  } else authentication = await route.authenticate(bearerToken(headers.authorization));
  if (!authentication) throw unauthenticated();
  return authentication;
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
  return subscriptions.openOwn({ query, variables: { id, after: cursorIn(request) } }, context, signal);
}

function topicIn(topic: unknown): { kind: string; id: string } {
  const [, kind, id] = (typeof topic === "string" && /^([^:]+):(.+)$/.exec(topic)) || [];
  if (kind === undefined || id === undefined)
    throw badUserInput("Give `topic` as `<kind>:<id>`, such as `conversation:` and its id.", {
      field: "topic",
    });
  return { kind, id };
}

/** The position of a reconnection takes precedence over the one in the URL. */
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
  const delivery = data?.delivery as StreamedEvent | null | undefined;
  if (!delivery) return asFailure(errors);
  return serverSentEvent({
    id: delivery.cursor,
    event: delivery.event.__typename,
    data: JSON.stringify(delivery.event),
  });
}

/** Has the form of the body of an error response. */
function asFailure([first]: SubscriptionFailure["errors"]): string {
  return serverSentEvent({
    event: "error",
    data: JSON.stringify({ ...first?.extensions, message: first?.message }),
  });
}
