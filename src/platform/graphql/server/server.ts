import type { ApolloServerPlugin, BaseContext } from "@apollo/server";
import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import { ApolloServerPluginLandingPageLocalDefault } from "@apollo/server/plugin/landingPage/default";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import { GraphQLError, NoSchemaIntrospectionCustomRule, OperationTypeNode } from "graphql";
import { badUserInput } from "../../../kernel/errors.js";
import { graphqlTypeFor } from "../../http/errors/graphql-response.js";
import { HttpRefusal } from "../../http/errors/http-refusal.js";
import { logResourceFault } from "../../http/errors/resource-faults.js";
import { logSlowStatement } from "../../http/errors/slow-statement.js";
import type { RequestContext } from "../context.js";
import { createCoercion } from "../documents/coerce-variables.js";
import type { FindOperation } from "../documents/persisted-operations.js";
import type { Caller, PreparationTurns } from "../documents/preparation-turns.js";
import { validationOptions } from "../documents/read-document.js";
import { asRefusal } from "../documents/refusals.js";
import { expectedFailure, formatError, logUnexpected } from "../error-format.js";
import { answerLimit } from "../execution/answer-size.js";
import type { ObserveOperation } from "../execution/compiled-execution.js";
import { compiledExecution } from "../execution/compiled-execution.js";
import { wellFormedStrings } from "../execution/well-formed-strings.js";
import { subscriptionProtocol } from "../subscriptions/subscription-protocols.js";
import { createAdmission } from "./admission.js";
import { persistedOperationsOnly } from "./persisted-operations-only.js";
import { sendRetryAfter } from "./retry-after.js";
import { unreadUploads } from "./unread-uploads.js";

export const GRAPHQL_PATH = "/graphql";

export interface GraphQLServerOptions<Context extends BaseContext> {
  readonly schema: GraphQLSchema;
  readonly context: (request: FastifyRequest) => Promise<Context>;
  readonly introspection: boolean;
  /** Whether browsers that open the endpoint get Apollo Sandbox. */
  readonly landingPage: boolean;
  readonly maxDepth: number;
  readonly maxCost: number;
  /** Maximum bytes of a response. */
  readonly maxAnswerBytes: number;
  readonly preparations: PreparationTurns;
  /** The caller in whose turns the documents of a request are prepared. */
  callerOf(context: Context): Caller;
  /** Observe operations, and are called before what refuses them. */
  readonly plugins?: readonly ApolloServerPlugin<Context>[];
  readonly observeOperation?: ObserveOperation | undefined;
  /** Finds the operations that may be executed; null if all may. */
  readonly findOperation: FindOperation | null;
}

type RequestPart = Pick<RequestContext<unknown>, "requestId" | "readRest">;

/** Serves a schema at `/graphql` with Apollo Server: CSRF prevention, limits, persisted queries, masked errors. */
export async function registerGraphQL<Context extends BaseContext & RequestPart>(
  app: FastifyInstance,
  options: GraphQLServerOptions<Context>,
): Promise<void> {
  const coerce = createCoercion(options);
  const admission = createAdmission<Context>({ ...options, coerce });
  const apollo = new ApolloServer<Context>({
    gateway: compiledExecution(options, coerce),
    documentStore: admission.documentStore,
    cache: admission.textStore,
    // Introspection is disabled by GraphQL's own rule, whose message is for clients; Apollo Server's message is for
    // developers of the server.
    introspection: true,
    validationRules: options.introspection ? [] : [NoSchemaIntrospectionCustomRule],
    hideSchemaDetailsFromClientErrors: !options.introspection,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: true,
    validationOptions: validationOptions(options.introspection),
    formatError,
    // Fastify drains requests before its `onClose` hooks run.
    stopOnTerminationSignals: false,
    plugins: [
      ...(options.plugins ?? []),
      ...(options.findOperation ? [persistedOperationsOnly(options.findOperation)] : []),
      // It would inspect every field of every response; the server sets `no-store` for all of them.
      ApolloServerPluginCacheControlDisabled(),
      admission.plugin,
      refuseSubscriptions,
      wellFormedStrings,
      logUnexpectedErrors(app),
      answerLimit(options.maxAnswerBytes, app.log),
      unreadUploads,
      sendRetryAfter,
      options.landingPage
        ? ApolloServerPluginLandingPageLocalDefault({ embed: true, includeCookies: false })
        : ApolloServerPluginLandingPageDisabled(),
    ],
  });
  await apollo.start();
  app.route({
    url: GRAPHQL_PATH,
    method: ["GET", "POST"],
    exposeHeadRoute: false,
    onRequest: (request, _reply, done) => done(acceptsResponse(request) ? undefined : NOT_ACCEPTABLE),
    handler: fastifyApolloHandler(apollo, { context: (request) => openContext(options, request) }),
  });
  app.addHook("onClose", () => apollo.stop());
}

/** Whether a client accepts a response, a stream or Apollo Sandbox; checked before the operation is executed. */
const acceptsResponse = ({ method, headers: { accept } }: FastifyRequest): boolean =>
  graphqlTypeFor(accept) !== null ||
  subscriptionProtocol(accept) !== null ||
  (method === "GET" && /text\/(\*|html)/.test(accept ?? ""));

const NOT_ACCEPTABLE = new HttpRefusal(
  406,
  "Responses are `application/graphql-response+json` or `application/json`: send an `Accept` that allows one of them.",
);

/** Creates the context. A failure here does not reach any hook of Apollo Server, so it is logged here. */
async function openContext<Context extends BaseContext>(
  { context }: GraphQLServerOptions<Context>,
  request: FastifyRequest,
): Promise<Context> {
  try {
    return await context(request);
  } catch (error) {
    const failure = expectedFailure(error);
    if (!logSlowStatement(request.log, error) && !logResourceFault(request.log, error) && failure === null)
      request.log.error({ err: error }, "unexpected failure");
    throw new GraphQLError("The request could not be started.", {
      originalError: error as Error,
      extensions: { requestId: request.id, http: { status: failure?.status ?? 500 } },
    });
  }
}

/** Refuses subscriptions in ordinary requests: Apollo Server would execute them as queries. */
const refuseSubscriptions: ApolloServerPlugin = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ operation }) => {
      if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return;
      throw asRefusal(badUserInput(SUBSCRIPTIONS_NEED_A_STREAM));
    },
  }),
};

const SUBSCRIPTIONS_NEED_A_STREAM =
  "A subscription needs a stream: open a websocket at the same URL (graphql-transport-ws), or request a stream with `Accept: text/event-stream` or `Accept: multipart/mixed;subscriptionSpec=1.0`.";

function logUnexpectedErrors<Context extends BaseContext & RequestPart>(
  app: FastifyInstance,
): ApolloServerPlugin<Context> {
  return {
    requestDidStart: async () => ({
      didEncounterErrors: async ({ errors, contextValue }) => {
        for (const error of errors) logUnexpected(app.log, error as GraphQLError, contextValue.requestId);
      },
    }),
  };
}
