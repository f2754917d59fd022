import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { badUserInput } from "../../kernel/errors.js";
import { isErrno } from "../storage/errno.js";
import { errorResponse } from "./error-response.js";

interface Refusal {
  readonly status: number;
  readonly message: string;
}

const MALFORMED: Refusal = { status: 400, message: "This is no HTTP request that can be read." };

/** By what Node's parser says (`http.Server`, event `clientError`). */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    message: "The headers of this request are larger than 16 KiB: send shorter ones.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "This request took too long to arrive: send it again." },
};

/**
 * Answers what Node could not read as a request, so that nothing else ever saw it, in the form of all errors, and ends
 * the connection: where the next request begins is not known (RFC 9112, 2.2).
 *
 * @param isBusy whether another request's answer is being made or sent on it, which this one would stand in the midst of
 */
export function answerClientError(error: Error & { code?: string }, socket: Duplex, isBusy: boolean): void {
  if (isErrno(error, "ECONNRESET") || !socket.writable || isBusy) {
    socket.destroy();
    return;
  }
  const { status, message } = REFUSALS[error.code ?? ""] ?? MALFORMED;
  const { headers, body } = errorResponse(badUserInput(message), "");
  const text = JSON.stringify({ error: { ...body.error, status } });
  const lines = Object.entries({
    ...headers,
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${text}`,
    () => socket.destroy(),
  );
}
