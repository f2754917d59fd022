import type { FastifyInstance, FastifyRequest } from "fastify";
import { badUserInput, unauthenticated } from "../../../kernel/errors.js";
import { bearerToken } from "../../http/bearer-token.js";
import type { SubscriptionRequest } from "./prepare-subscription.js";
import { wasInterrupted } from "./retry-event.js";
import type { StreamsOptions } from "./streams.js";
import { createStreams } from "./streams.js";
import { subscriptionProtocol } from "./subscription-protocols.js";

export interface SubscriptionStreams<Viewer> extends StreamsOptions<Viewer> {
  /** The URL of the GraphQL route. */
  readonly path: string;
}

/**
 * Takes subscriptions at the URL of GraphQL whose `Accept` prefers a stream: as Server-Sent Events or in Apollo's
 * multipart form. All other requests go on to the route itself.
 */
export function registerSubscriptionStreams<Viewer>(
  app: FastifyInstance,
  door: SubscriptionStreams<Viewer>,
): void {
  const streams = createStreams(app, door);
  app.addHook("preHandler", async (request, reply) => {
    if (request.routeOptions.url !== door.path) return;
    const protocol = subscriptionProtocol(request.headers.accept);
    if (protocol === null) return;
    try {
      const asked = operationIn(request);
      const entrance = await door.enter(bearerToken(request.headers.authorization));
      if (!entrance) throw unauthenticated();
      const { framing, result, failure } = protocol;
      return await streams.answer({
        request,
        reply,
        entrance,
        framing,
        open: (context, signal) => door.subscriptions.open(asked, context, signal),
        // As the protocols have it: a status that is no 200 is a fault of the network to their clients, who ask again.
        refused: ({ errors }) => {
          const { contentType, opening } = framing;
          reply.header("content-type", contentType).send(opening + failure(errors));
        },
        written: result,
        lastWord: ({ errors }) => failure(errors),
      });
    } catch (error) {
      if (!wasInterrupted(error)) throw error;
      streams.cutOff(error, request, reply);
      return reply;
    }
  });
}

/** @throws BAD_USER_INPUT for what is no GraphQL request */
function operationIn({ method, query, body }: FastifyRequest): SubscriptionRequest {
  const asked = method === "GET" ? queryParameters(query) : body;
  if (typeof asked !== "object" || asked === null || Array.isArray(asked)) throw notARequest();
  const { query: text, operationName, variables } = asked as Record<string, unknown>;
  if (typeof text !== "string") throw notARequest();
  if (!isNullable(operationName, "string")) throw notARequest();
  if (!isNullable(variables, "object") || Array.isArray(variables)) throw notARequest();
  return {
    query: text,
    operationName: operationName as string | null | undefined,
    variables: variables as Record<string, unknown> | null | undefined,
  };
}

const isNullable = (value: unknown, type: "string" | "object"): boolean =>
  value === undefined || value === null || typeof value === type;

function queryParameters(query: unknown): Record<string, unknown> {
  const { variables, ...rest } = query as Record<string, unknown>;
  if (typeof variables !== "string") return rest;
  try {
    return { ...rest, variables: JSON.parse(variables) };
  } catch {
    throw notARequest();
  }
}

const notARequest = () =>
  badUserInput(
    "Send a subscription as JSON: `query`, and where they are needed `variables` (an object) and `operationName`.",
  );
