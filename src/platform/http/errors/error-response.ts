import type { ErrorCode, ErrorDetails } from "../../../kernel/errors.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { SECURITY_HEADERS } from "../../security-headers.js";
import { HttpRefusal } from "./http-refusal.js";
import { resourceFailure } from "./resource-faults.js";
import { slowStatement } from "./slow-statement.js";

export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: {
      readonly code: ErrorCode | "INTERNAL_SERVER_ERROR";
      readonly message: string;
      readonly status: number;
      /** Present if the error is masked: identifies the entry in the log. */
      readonly requestId?: string;
      readonly [detail: string]: ErrorDetails[string] | undefined;
    };
  };
}

/** Statuses that differ from those of the error table. */
type StatusOverrides = Partial<Record<ErrorCode, number>>;

/**
 * On a download the request itself is correct: an infected file is forbidden, and a damaged one is the server's fault.
 */
export const DOWNLOAD_STATUS: StatusOverrides = { FILE_INFECTED: 403, CORRUPT_FILE: 500 };

/**
 * An error as an HTTP response, with the same codes as in GraphQL. Errors other than a FiledeskError, an HttpRefusal or
 * Fastify's own refusal of a request are masked: the caller has to log them with the same request id.
 */
export function errorResponse(
  error: unknown,
  requestId: string,
  overrides: StatusOverrides = {},
): ErrorResponse {
  const expected =
    error instanceof FiledeskError
      ? error
      : (refusalByServer(error) ?? slowStatement(error) ?? resourceFailure(error));
  if (expected === null) {
    const message = "The server had an internal error. Give this request id when you report it.";
    const body = { code: "INTERNAL_SERVER_ERROR", message, status: 500, requestId } as const;
    return { status: 500, headers: headersFor(500), body: { error: body } };
  }
  const { code, message, details } = expected;
  const status = overrides[code] ?? expected.status;
  const ownHeaders = error instanceof HttpRefusal ? error.headers : {};
  return {
    status,
    headers: { ...headersFor(status, details.retryAfter), ...ownHeaders },
    body: { error: { ...details, code, message, status } },
  };
}

function headersFor(status: number, retryAfter?: ErrorDetails[string]): Record<string, string> {
  return {
    "content-type": "application/json; charset=utf-8",
    ...SECURITY_HEADERS,
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(typeof retryAfter === "number" && { "retry-after": String(Math.max(0, Math.ceil(retryAfter))) }),
  };
}

const MESSAGE_OF_FASTIFY: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: "This URL is not valid: check its percent-encoding.",
  FST_ERR_CTP_BODY_TOO_LARGE: "The body of this request is larger than is accepted here.",
  FST_ERR_CTP_EMPTY_JSON_BODY: "The body is empty, but its `Content-Type` is JSON.",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "The length of the body differs from its `Content-Length`.",
  FST_ERR_CTP_INVALID_JSON_BODY: "The body is not valid JSON.",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "A body of this `Content-Type` is not accepted here.",
  FST_ERR_MAX_PARAM_LENGTH: "A part of this URL is too long.",
};

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  413: "FILE_TOO_LARGE",
  415: "UNSUPPORTED_FILE_TYPE",
  429: "RATE_LIMITED",
};

type Refusal = Pick<FiledeskError, "code" | "message" | "details" | "status">;

/** The refusal in an HttpRefusal, or in a 4xx error that Fastify raises before the handler; null for other errors. */
function refusalByServer(error: unknown): Refusal | null {
  if (error instanceof HttpRefusal) return refusal(error.status, error.message);
  if (!(error instanceof Error) || !("code" in error) || !("statusCode" in error)) return null;
  const { code, statusCode: status } = error;
  if (typeof code !== "string" || !code.startsWith("FST_") || typeof status !== "number") return null;
  if (status < 400 || status > 499) return null;
  return refusal(status, MESSAGE_OF_FASTIFY[code] ?? "This request cannot be understood.");
}

const refusal = (status: number, message: string): Refusal => ({
  code: CODE_OF_STATUS[status] ?? "BAD_USER_INPUT",
  message,
  details: {},
  status,
});
