import type { FastifyInstance, FastifyRequest } from "fastify";
import { badUserInput, unauthenticated } from "../../../kernel/errors.js";
import { bearerToken } from "../../http/bearer-token.js";
import { wasInterrupted } from "./retry-event.js";
import type { StreamsOptions } from "./streams.js";
import { createStreams } from "./streams.js";
import { subscriptionProtocol } from "./subscription-protocols.js";
import type { ReceivedSubscription } from "./subscriptions.js";
import { NOT_A_SUBSCRIPTION } from "./subscriptions.js";

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
function operationIn({ method, query, body }: FastifyRequest): ReceivedSubscription {
  const asked = method === "GET" ? queryParameters(query) : body;
  if (!isObject(asked)) throw notARequest();
  const { query: text, operationName, variables, extensions } = asked;
  const isNamed = typeof text === "string" || (text == null && isObject(extensions));
  if (!isNamed || !isNullable(operationName, "string")) throw notARequest();
  if (variables != null && !isObject(variables)) throw notARequest();
  return {
    query: text,
    extensions,
    operationName: operationName as string | null | undefined,
    variables: variables as Record<string, unknown> | null | undefined,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNullable = (value: unknown, type: "string"): boolean => value == null || typeof value === type;

function queryParameters(query: unknown): Record<string, unknown> {
  const { variables, extensions, ...rest } = query as Record<string, unknown>;
  const parsed = Object.entries({ variables, extensions }).flatMap(([name, text]) =>
    typeof text === "string" ? [[name, parseJson(text)] as const] : [],
  );
  return { ...rest, ...Object.fromEntries(parsed) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notARequest();
  }
}

const notARequest = () => badUserInput(NOT_A_SUBSCRIPTION);
