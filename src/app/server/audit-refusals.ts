import type { ApolloServerPlugin } from "@apollo/server";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { DocumentNode, GraphQLFormattedError, OperationDefinitionNode } from "graphql";
import { Kind } from "graphql";
import type { RefusalLog } from "../../modules/identity/audit/refusal-log.js";
import type { Viewer, ViewerContext } from "../../modules/identity/viewer.js";
import { anonymous, clientOf } from "../../modules/identity/viewer.js";
import { rootSelections } from "../../platform/graphql/documents/root-selections.js";
import type { Subscriptions } from "../../platform/graphql/subscriptions/subscriptions.js";
import { SubscriptionFailure } from "../../platform/graphql/subscriptions/subscriptions.js";
import type { RequestViewers } from "./request-viewers.js";

/** The bodies of error responses: of files and uploads, and of GraphQL requests that are refused before GraphQL. */
interface ErrorBody {
  readonly error?: { readonly code?: string };
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}

/** Passes the codes of refused HTTP requests to the audit log, with their routes. */
export function auditRefusedRequests(
  app: FastifyInstance,
  refusals: RefusalLog,
  viewers: RequestViewers,
): void {
  app.addHook<ErrorBody>("preSerialization", async (request, reply, body) => {
    // A path without a route says nothing about the caller, who is not looked up for it.
    const isRefused = reply.statusCode >= 400 && !request.is404;
    const code = isRefused ? (body?.error ?? body?.errors?.[0]?.extensions)?.code : undefined;
    if (code !== undefined)
      refusals.record({ viewer: await viewerOf(viewers, request), code, what: routeOf(request) });
    return body;
  });
}

const viewerOf = (viewers: RequestViewers, request: FastifyRequest) =>
  viewers.identified(request).catch(() => ({ ...anonymous, client: { address: request.ip } }));

const routeOf = ({ method, routeOptions: { url } }: FastifyRequest) => `${method} ${url}`;

/** Passes the codes of failed queries and mutations to the audit log, each with the root field that failed. */
export const auditRefusedOperations = (refusals: RefusalLog): ApolloServerPlugin<ViewerContext> => ({
  requestDidStart: async () => ({
    async willSendResponse({ document, operation, contextValue: { viewer }, response: { body } }) {
      const errors = body.kind === "single" ? (body.singleResult.errors ?? []) : [];
      if (errors.length === 0) return;
      const fields = document && operation ? rootFieldsOf(document, operation) : new Map<string, string>();
      for (const { code, what } of errors.map((error) => refusalIn(error, fields)))
        refusals.record({ viewer, code, what });
    },
  }),
});

/** An error without a path is about the whole request. */
const refusalIn = ({ path, extensions }: GraphQLFormattedError, fields: ReadonlyMap<string, string>) => ({
  code: String(extensions?.code),
  what: fields.get(String(path?.[0])) ?? "graphql",
});

/** The root fields of an operation, by the names that they have in the response. */
const rootFieldsOf = (
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
): ReadonlyMap<string, string> =>
  new Map(
    rootSelections(document, selectionSet).flatMap((selection) =>
      selection.kind === Kind.FIELD
        ? [[(selection.alias ?? selection.name).value, selection.name.value] as const]
        : [],
    ),
  );

/** The same subscriptions, whose refusals are passed to the audit log. */
export const auditRefusedSubscriptions = (
  subscriptions: Subscriptions<Viewer>,
  refusals: RefusalLog,
): Subscriptions<Viewer> => {
  const audited =
    <Request>(open: Opening<Request>): Opening<Request> =>
    (request, context, signal) =>
      open(request, context, signal).catch((error: unknown) => {
        if (error instanceof SubscriptionFailure) {
          const viewer = { ...context.viewer, client: clientOf(context) };
          refusals.record({ viewer, code: error.failure?.code ?? "", what: "subscription" });
        }
        throw error;
      });
  return { open: audited(subscriptions.open), openOwn: audited(subscriptions.openOwn) };
};

type Opening<Request> = (
  request: Request,
  context: ViewerContext,
  signal: AbortSignal,
) => ReturnType<Subscriptions<Viewer>["open"]>;
