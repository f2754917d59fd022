import type { FastifyInstance, FastifyRequest } from "fastify";
import { isErrno } from "../../../kernel/errno.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { errorResponse } from "./error-response.js";
import { asGraphQLResponse } from "./graphql-response.js";
import { HttpRefusal } from "./http-refusal.js";
import { knowMethods } from "./known-methods.js";
import { logFailure } from "./log-failure.js";
import { requestPath } from "./request-path.js";

/**
 * Responds to errors, at `graphqlPath` in the form of a GraphQL response, and to requests without a route. Call it
 * before any route is registered.
 */
export function answerErrors(app: FastifyInstance, graphqlPath: string): void {
  const methodsAt = knowMethods(app);
  app.setNotFoundHandler((request) => {
    const allowed = methodsAt(requestPath(request));
    if (allowed.length === 0) throw new HttpRefusal(404, "There is no resource at this URL.");
    const allow = allowed.join(", ");
    throw new HttpRefusal(405, `The method ${request.method} is not allowed here. Allowed: ${allow}.`, {
      allow,
    });
  });
  app.setErrorHandler((error, request, reply) => {
    const response = errorResponse(error, request.id);
    if (isDisconnected(request, error)) request.log.info("the client disconnected during its request");
    else if (response.status >= 500 && !(error instanceof FiledeskError))
      logFailure(request.log, error, "unexpected failure");
    const isGraphQL = requestPath(request) === graphqlPath;
    const { status, headers, body } = isGraphQL
      ? asGraphQLResponse(response, request.headers.accept)
      : response;
    return reply.status(status).headers(headers).send(body);
  });
}

/** Whether a request failed because its connection ended before it was received. */
const isDisconnected = ({ raw }: FastifyRequest, error: unknown): boolean =>
  raw.destroyed && !raw.complete && isErrno(error, "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE");
