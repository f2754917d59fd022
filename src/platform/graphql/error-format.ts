import { ApolloServerErrorCode } from "@apollo/server/errors";
import type { GraphQLFormattedError } from "graphql";
import { GraphQLError } from "graphql";
import { ArgumentValidationError } from "type-graphql";
import { badUserInput, FiledeskError } from "../../kernel/errors.js";
import { unstorableValue } from "../database/faults.js";
import { errorResponse } from "../http/errors/error-response.js";
import { logResourceFault, resourceFailure } from "../http/errors/resource-faults.js";
import { logSlowStatement, slowStatement } from "../http/errors/slow-statement.js";

/** Maximum errors of a response; further ones are dropped. */
export const MAX_ERRORS = 20;

/** Maximum length of a message, in UTF-16 code units: many repeat the input. */
const MAX_MESSAGE_LENGTH = 1_000;

function shortened(message: string): string {
  if (message.length <= MAX_MESSAGE_LENGTH) return message;
  // Does not leave half of a surrogate pair at the end.
  return `${message.slice(0, MAX_MESSAGE_LENGTH).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** The original error behind the wrappers of GraphQL and Apollo Server. */
function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** The error as clients may read it; null for bugs and for refusals by GraphQL itself. */
export function expectedFailure(error: unknown): FiledeskError | null {
  const cause = causeOf(error);
  if (cause instanceof FiledeskError) return cause;
  if (cause instanceof ArgumentValidationError) return invalidInput(cause);
  const knownFault = slowStatement(cause) ?? resourceFailure(cause);
  if (knownFault !== null) return knownFault;
  const unstorable = unstorableValue(cause);
  return unstorable === null ? null : badUserInput(unstorable);
}

/**
 * Whether GraphQL itself refused the request. Such an error only describes the request, so it is not masked. It has a
 * code, or nodes of the request.
 */
export function isRefusalByGraphQL(error: unknown): boolean {
  const cause = causeOf(error);
  if (!(error instanceof GraphQLError) || !(cause instanceof GraphQLError)) return false;
  const { code, http } = error.extensions;
  if (code !== undefined && code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR) return true;
  return cause.nodes !== undefined || isClientError(http);
}

/**
 * Some refusals of Apollo Server have a status but no code, such as for a persisted query that does not match its hash.
 */
const isClientError = (http: unknown): boolean => httpStatusIn(http) === 400;

const httpStatusIn = (http: unknown): number | null =>
  typeof http === "object" && http !== null && "status" in http && typeof http.status === "number"
    ? http.status
    : null;

/** Gives every error its code, status and details; masks unexpected ones. */
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

/** The log for unexpected errors. */
export interface FailureLog {
  error(details: object, message: string): void;
  /** For faults that a client has caused. */
  warn(details: object, message: string): void;
}

/** Logs unexpected errors with the request id that the client gets. */
export function logUnexpected(log: FailureLog, error: GraphQLError, requestId: string): void {
  const cause = causeOf(error);
  if (logSlowStatement(log, cause, { reqId: requestId, path: error.path })) return;
  if (logResourceFault(log, cause)) return;
  if (isRefusalByGraphQL(error) || expectedFailure(error) !== null) return;
  error.extensions.requestId = requestId;
  log.error({ err: error.originalError ?? error, reqId: requestId, path: error.path }, "unexpected failure");
}

/** Logs and formats errors of operations that are executed without Apollo Server. */
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

/** An invalid argument is detected during execution and then has no code of its own. */
function codeOfRefusal({ extensions }: GraphQLFormattedError): unknown {
  const code = extensions?.code;
  return code === ApolloServerErrorCode.INTERNAL_SERVER_ERROR ? ApolloServerErrorCode.BAD_USER_INPUT : code;
}

/** The status of a refusal by GraphQL: that of Apollo Server, for example 405 for a mutation by GET. */
const statusOf = (code: unknown, error: unknown): number =>
  (error instanceof GraphQLError ? httpStatusIn(error.extensions.http) : null) ??
  // For an unknown persisted query the client sends the text, so the status is not an error.
  (code === ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND ? 200 : 400);

function invalidInput({ extensions }: ArgumentValidationError): FiledeskError {
  const problems = extensions.validationErrors.flatMap((problem) => problemsIn(problem)).slice(0, MAX_ERRORS);
  const message = problems.map(({ text }) => text).join("; ");
  return badUserInput(`The input is not valid: ${message}.`, { fields: problems.map(({ field }) => field) });
}

interface InvalidField {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly InvalidField[];
}

/** Those of an object within the input are named by their path, such as `usage.fieldName`. */
const problemsIn = (
  { property, constraints, children }: InvalidField,
  path = property,
): { readonly field: string; readonly text: string }[] => [
  ...Object.values(constraints ?? {}).map((text) => ({ field: path, text })),
  ...(children ?? []).flatMap((child) => problemsIn(child, `${path}.${child.property}`)),
];
