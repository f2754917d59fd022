import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { isErrno } from "../../../kernel/errno.js";
import { errorResponse } from "./error-response.js";
import { asGraphQLResponse } from "./graphql-response.js";
import { HttpRefusal } from "./http-refusal.js";

const MALFORMED = new HttpRefusal(400, "This is not a valid HTTP request.");

/** Refusals by the error code of Node's parser (`http.Server`, event `clientError`). */
const REFUSALS: Readonly<Record<string, HttpRefusal>> = {
  HPE_HEADER_OVERFLOW: new HttpRefusal(
    431,
    "The headers of this request are larger than 16 KiB: send shorter ones.",
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpRefusal(408, "This request took too long to arrive: send it again."),
};

export interface UnreadRequest {
  /** Whether another request is in progress on the connection, whose response this one would interrupt. */
  readonly isBusy: boolean;
  /** The path whose errors have the form of a GraphQL response. */
  readonly graphqlPath: string;
  /** Whether a page of this origin may read responses. */
  mayRead(origin: string | undefined, host: string | undefined): boolean;
}

/**
 * Responds to data that Node could not parse as a request, in the usual error format, and closes the connection,
 * because the start of the next request is unknown (RFC 9112, 2.2).
 */
export function answerClientError(
  error: Error & { readonly code?: string; readonly rawPacket?: unknown },
  socket: Duplex,
  { isBusy, graphqlPath, mayRead }: UnreadRequest,
): void {
  if (isErrno(error, "ECONNRESET") || !socket.writable || isBusy) {
    socket.destroy();
    return;
  }
  const response = errorResponse(REFUSALS[error.code ?? ""] ?? MALFORMED, "");
  const { path, accept, page, host } = readableIn(error.rawPacket);
  const { status, headers, body } = path === graphqlPath ? asGraphQLResponse(response, accept) : response;
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    ...(page && /^[!-~]+$/.test(page) && mayRead(page, host) && { "access-control-allow-origin": page }),
    vary: "Origin",
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${text}`,
    () => socket.destroy(),
  );
}

/** The parts that can be read from the head of an invalid request. */
function readableIn(packet: unknown) {
  const [line = "", ...headers] = Buffer.isBuffer(packet) ? packet.toString("latin1").split("\r\n") : [];
  const headerOf = (name: string) =>
    headers
      .find((header) => header.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  return {
    path: /^[A-Z]+ ([^ ?]+)/.exec(line)?.[1],
    accept: headerOf("accept"),
    // The origin of the page that sends the request.
    page: headerOf("origin"),
    host: headerOf("host"),
  };
}
