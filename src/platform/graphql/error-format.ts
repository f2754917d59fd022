import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { GraphQLFormattedError } from "graphql";
import { GraphQLError } from "graphql";
import { ArgumentValidationError } from "type-graphql";
import { badUserInput, FiledeskError } from "../../kernel/errors.js";
import { unstorableValue } from "../database/faults.js";
import { errorResponse } from "../http/errors/error-response.js";
import { logResourceFault, resourceFailure } from "../http/errors/resource-faults.js";
import { logSlowStatement, slowStatement } from "../http/errors/slow-statement.js";

/** Errors that an answer has at most: of more, only the first are told. */
export const MAX_ERRORS = 20;

/** Of a message, in UTF-16 code units: many of them repeat what was sent. */
const MAX_MESSAGE_LENGTH = 1_000;

function shortened(message: string): string {
  if (message.length <= MAX_MESSAGE_LENGTH) return message;
  // No half of a character is left at its end.
  return `${message.slice(0, MAX_MESSAGE_LENGTH).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** What was thrown in the first place: GraphQL and Apollo Server wrap it, each in their way. */
function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** What was thrown, as far as a client may read it; null for a bug, and for what GraphQL itself refused. */
export function expectedFailure(error: unknown): FiledeskError | null {
  const cause = causeOf(error);
  if (cause instanceof FiledeskError) return cause;
  if (cause instanceof ArgumentValidationError) return invalidInput(cause);
  const ofOurs = slowStatement(cause) ?? resourceFailure(cause);
  if (ofOurs !== null) return ofOurs;
  const unstorable = unstorableValue(cause);
  return unstorable === null ? null : badUserInput(unstorable);
}

/**
 * Whether GraphQL itself refused the request: what it says is about the request and hides nothing. It gives such
 * an error a code, or names the place in the request that is wrong.
 */
export function isRefusalByGraphQL(error: unknown): boolean {
  const cause = causeOf(error);
  if (!(error instanceof GraphQLError) || !(cause instanceof GraphQLError)) return false;
  const { code, http } = error.extensions;
  if (code !== undefined && code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR) return true;
  return cause.nodes !== undefined || isClientError(http);
}

/** Apollo Server gives some refusals, as of a persisted query that does not fit its hash, a status but no code. */
const isClientError = (http: unknown): boolean => httpStatusIn(http) === 400;

const httpStatusIn = (http: unknown): number | null =>
  typeof http === "object" && http !== null && "status" in http && typeof http.status === "number"
    ? http.status
    : null;

/** Gives every failure its code, status and figures; masks what nobody expected. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { path, locations } = formatted;
  const where = { ...(locations && { locations }), ...(path && { path }) };
  const failure = expectedFailure(error);
  if (failure === null && isRefusalByGraphQL(error)) {
    const code = codeOfRefusal(formatted);
    return {
      ...where,
      message: shortened(formatted.message),
      extensions: { code, status: statusOf(code, error) },
    };
  }
  const requestId = formatted.extensions?.requestId;
  const { message, ...extensions } = errorResponse(
    failure,
    typeof requestId === "string" ? requestId : "unknown",
  ).body.error;
  return { ...where, message: shortened(message), extensions };
}

/** Where unexpected failures are written down. */
export interface FailureLog {
  error(details: object, message: string): void;
  /** What a client brought about. */
  warn(details: object, message: string): void;
}

/** Writes what nobody expected to the log, under the request id that the client is told. */
export function logUnexpected(log: FailureLog, error: GraphQLError, requestId: string): void {
  const cause = causeOf(error);
  if (logSlowStatement(log, cause, { reqId: requestId, path: error.path })) return;
  if (logResourceFault(log, cause)) return;
  if (isRefusalByGraphQL(error) || expectedFailure(error) !== null) return;
  error.extensions.requestId = requestId;
  log.error({ err: error.originalError ?? error, reqId: requestId, path: error.path }, "unexpected failure");
}

/** Errors of what is executed without Apollo Server, logged and formatted as if it had been. */
export const reportErrors = (
  errors: readonly GraphQLError[],
  { log, requestId }: { readonly log: FailureLog; readonly requestId: string },
): GraphQLFormattedError[] =>
  errors.map((error) => {
    logUnexpected(log, error, requestId);
    const { extensions, ...formatted } = error.toJSON();
    const code = ApolloServerErrorCode.INTERNAL_SERVER_ERROR;
    return formatError({ ...formatted, extensions: { code, ...extensions } }, error);
  });

/** A wrong argument is found while resolvers run, and then has no code of its own. */
function codeOfRefusal({ extensions }: GraphQLFormattedError): unknown {
  const code = extensions?.code;
  return code === ApolloServerErrorCode.INTERNAL_SERVER_ERROR ? ApolloServerErrorCode.BAD_USER_INPUT : code;
}

/** Of a refusal by GraphQL: what Apollo Server answers with, which is 405 for a mutation by GET. */
const statusOf = (code: unknown, error: unknown): number =>
  (error instanceof GraphQLError ? httpStatusIn(error.extensions.http) : null) ??
  // One that is not known is asked for again by the client: it is no fault of the request.
  (code === ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND ? 200 : 400);

function invalidInput({ extensions }: ArgumentValidationError): FiledeskError {
  const problems = extensions.validationErrors
    .slice(0, MAX_ERRORS)
    .flatMap((problem) =>
      Object.values(problem.constraints ?? {}).map((text) => ({ field: problem.property, text })),
    );
  const message = problems.map(({ text }) => text).join("; ");
  return badUserInput(`The input is not valid: ${message}.`, { fields: problems.map(({ field }) => field) });
}
