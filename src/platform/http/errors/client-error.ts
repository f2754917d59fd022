import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { isErrno } from "../../../kernel/errno.js";
import { errorResponse } from "./error-response.js";
import { asGraphQLResponse } from "./graphql-response.js";
import { HttpRefusal } from "./http-refusal.js";

const MALFORMED = new HttpRefusal(400, "This is no HTTP request that can be read.");

/** By what Node's parser says (`http.Server`, event `clientError`). */
const REFUSALS: Readonly<Record<string, HttpRefusal>> = {
  HPE_HEADER_OVERFLOW: new HttpRefusal(
    431,
    "The headers of this request are larger than 16 KiB: send shorter ones.",
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new HttpRefusal(408, "This request took too long to arrive: send it again."),
};

export interface UnreadRequest {
  /** Whether another request's answer is being made or sent on the connection, which this one would stand in the midst of. */
  readonly isBusy: boolean;
  /** Whose errors take the form of a GraphQL response. */
  readonly graphqlPath: string;
  /** Whether a page of this origin may read answers. */
  mayRead(origin: string | undefined, host: string | undefined): boolean;
}

/**
 * Answers what Node could not read as a request, so that nothing else ever saw it, in the form of all errors, and ends
 * the connection: where the next request begins is not known (RFC 9112, 2.2).
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

/** What can be made out of the head of a request that cannot be read as a whole. */
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
    // The origin of the page that asks.
    page: headerOf("origin"),
    host: headerOf("host"),
  };
}
