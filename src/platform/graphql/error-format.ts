import { ApolloServerErrorCode, unwrapResolverError } from "@apollo/server/errors";
import type { GraphQLError, GraphQLFormattedError } from "graphql";
import { ArgumentValidationError } from "type-graphql";
import { badUserInput, FiledeskError } from "../../kernel/errors.js";
import { errorResponse } from "../http/error-response.js";

/** What a resolver threw, as far as a client may read it; null for a bug. */
export function expectedFailure(error: unknown): FiledeskError | null {
  const cause = unwrapResolverError(error);
  if (cause instanceof FiledeskError) return cause;
  if (cause instanceof ArgumentValidationError) return invalidInput(cause);
  return null;
}

/** Whether GraphQL itself refused the request: what it says is about the request and hides nothing. */
export const isRefusalByGraphQL = (error: GraphQLError): boolean =>
  error.originalError === undefined && error.extensions.code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR;

/** Gives every failure its code, status and figures; masks what nobody expected. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { path, locations } = formatted;
  const where = { ...(locations && { locations }), ...(path && { path }) };
  const failure = expectedFailure(error);
  const code = formatted.extensions?.code;
  if (failure === null && code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR)
    return { ...where, message: formatted.message, extensions: { code, status: statusOf(code) } };
  const requestId = formatted.extensions?.requestId;
  const { message, ...extensions } = errorResponse(
    failure,
    typeof requestId === "string" ? requestId : "unknown",
  ).body.error;
  return { ...where, message, extensions };
}

/** A persisted query that is not known is asked for again by the client: it is no fault of the request. */
const statusOf = (code: unknown) => (code === ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND ? 200 : 400);

function invalidInput({ extensions }: ArgumentValidationError): FiledeskError {
  const problems = extensions.validationErrors.flatMap((problem) =>
    Object.values(problem.constraints ?? {}).map((text) => ({ field: problem.property, text })),
  );
  const message = problems.map(({ text }) => text).join("; ");
  return badUserInput(`The input is not valid: ${message}.`, { fields: problems.map(({ field }) => field) });
}
