import type { ApolloServerPlugin } from "@apollo/server";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { RefusalLog } from "../../modules/identity/audit/refusal-log.js";
import type { ViewerContext } from "../../modules/identity/viewer.js";
import { anonymous } from "../../modules/identity/viewer.js";
import { boundedNames } from "../../platform/graphql/server/operation-names.js";
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
  viewers.ofRequest(request).catch(() => ({ ...anonymous, client: { address: request.ip } }));

const routeOf = ({ method, routeOptions: { url } }: FastifyRequest) => `${method} ${url}`;

/** Passes the codes of failed queries and mutations to the audit log, with their operations. */
export function auditRefusedOperations(
  schema: GraphQLSchema,
  refusals: RefusalLog,
): ApolloServerPlugin<ViewerContext> {
  const nameOperation = boundedNames(schema, []);
  return {
    requestDidStart: async () => ({
      async willSendResponse({ operation, contextValue: { viewer }, response: { body } }) {
        const errors = body.kind === "single" ? (body.singleResult.errors ?? []) : [];
        const codes = new Set(errors.map(({ extensions }) => String(extensions?.code)));
        for (const code of codes) refusals.record({ viewer, code, what: nameOperation(operation) });
      },
    }),
  };
}
