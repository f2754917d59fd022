import type { FastifyInstance, FastifyRequest } from "fastify";
import { badUserInput, unauthenticated } from "../../../kernel/errors.js";
import { bearerToken } from "../../http/bearer-token.js";
import type { SubscriptionRequest } from "./prepare-subscription.js";
import { wasInterrupted } from "./retry-event.js";
import type { StreamsOptions } from "./streams.js";
import { createStreams } from "./streams.js";
import { subscriptionProtocol } from "./subscription-protocols.js";

export interface SubscriptionStreamsOptions<Viewer> extends StreamsOptions<Viewer> {
  /** The URL of the GraphQL route. */
  readonly path: string;
}

/**
 * Serves subscriptions at the GraphQL URL whose `Accept` prefers a stream: Server-Sent Events or Apollo's multipart
 * format. All other requests are passed on to the route itself.
 */
export function registerSubscriptionStreams<Viewer>(
  app: FastifyInstance,
  options: SubscriptionStreamsOptions<Viewer>,
): void {
  const streams = createStreams(app, options);
  app.addHook("preHandler", async (request, reply) => {
    if (request.routeOptions.url !== options.path) return;
    const protocol = subscriptionProtocol(request.headers.accept);
    if (protocol === null) return;
    try {
      const operation = operationIn(request);
      const authentication = await options.authenticate(bearerToken(request.headers.authorization));
      if (!authentication) throw unauthenticated();
      const { framing, result, failure } = protocol;
      return await streams.answer({
        request,
        reply,
        authentication,
        framing,
        open: (context, signal) => options.subscriptions.open(operation, context, signal),
        // The protocols require the status 200: clients take any other for a network error and retry.
        refuse: ({ errors }) => {
          const { contentType, opening } = framing;
          reply.header("content-type", contentType).send(opening + failure(errors));
        },
        serialize: result,
        serializeFailure: ({ errors }) => failure(errors),
      });
    } catch (error) {
      if (!wasInterrupted(error)) throw error;
      streams.cutOff(error, request, reply);
      return reply;
    }
  });
}

/** @throws BAD_USER_INPUT if it is not a GraphQL request */
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
