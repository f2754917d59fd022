/** The code of each expected failure and the HTTP status that goes with it (see docs/errors.md). */
export const ERROR_STATUS = {
  BAD_USER_INPUT: 400,
  QUERY_TOO_COMPLEX: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  QUERY_NOT_IN_SAFELIST: 403,
  NOT_FOUND: 404,
  PERSISTED_QUERY_NOT_IN_LIST: 404,
  CONFLICT: 409,
  QUOTA_EXCEEDED: 409,
  UPLOAD_INCOMPLETE: 409,
  GONE: 410,
  FILE_TOO_LARGE: 413,
  UNSUPPORTED_FILE_TYPE: 415,
  FILE_TYPE_MISMATCH: 415,
  CORRUPT_FILE: 422,
  FILE_INFECTED: 422,
  FILE_NOT_SCANNED: 423,
  UPLOAD_LOCKED: 423,
  RATE_LIMITED: 429,
  SERVICE_UNAVAILABLE: 503,
  TIMED_OUT: 503,
  INSUFFICIENT_STORAGE: 507,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Figures that a client needs to react: `limit`, `actual`, `retryAfter` (seconds), `allowed`, `field`, … */
export type ErrorDetails = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | readonly number[]>
>;

/**
 * An expected failure, whose message clients may read.
 *
 * Everything else that is thrown is a bug: it is logged completely and masked as `INTERNAL_SERVER_ERROR`.
 */
export class FiledeskError extends Error {
  override readonly name = "FiledeskError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  /** The HTTP status of this failure's code. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

export const badUserInput = (message: string, details?: ErrorDetails) =>
  new FiledeskError("BAD_USER_INPUT", message, details);

export const unauthenticated = (
  message = "Sign in first: send the header `Authorization: Bearer <accessToken>`.",
) => new FiledeskError("UNAUTHENTICATED", message);

export const forbidden = (message: string, details?: ErrorDetails) =>
  new FiledeskError("FORBIDDEN", message, details);

/** The same error for objects that do not exist and for those whose existence is hidden from the viewer. */
export const notFound = (what: string) =>
  new FiledeskError("NOT_FOUND", `This ${what} does not exist, or you may not see it.`);

export const gone = (what: string) => new FiledeskError("GONE", `This ${what} has been deleted.`);

export const conflict = (message: string, details?: ErrorDetails) =>
  new FiledeskError("CONFLICT", message, details);

export const quotaExceeded = (message: string, details?: ErrorDetails) =>
  new FiledeskError("QUOTA_EXCEEDED", message, details);

/**
 * A temporary failure that the client did not cause.
 *
 * @param retryAfter in whole seconds
 * @param forOperator the reason, for the log and the command line: clients learn nothing about the machine
 */
export function serviceUnavailable(message: string, retryAfter: number, forOperator: string): FiledeskError {
  const failure = new FiledeskError("SERVICE_UNAVAILABLE", message, { retryAfter });
  failure.cause = new Error(forOperator);
  return failure;
}

/** The error for an operator: the detailed reason, if there is one that clients may not read. */
export const reasonForOperator = (error: Error): Error =>
  error instanceof FiledeskError && error.cause instanceof Error ? error.cause : error;

export interface RateLimitFigures {
  /** What is limited: a name of docs/limits.md, which the header `RateLimit` has too. */
  readonly policy: string;
  readonly limit: number;
  /** Whole seconds, as in the HTTP header of that name (RFC 9110 §10.2.3). */
  readonly retryAfter: number;
}

export const rateLimited = (message: string, { policy, limit, retryAfter }: RateLimitFigures) =>
  new FiledeskError("RATE_LIMITED", message, { policy, limit, retryAfter });
