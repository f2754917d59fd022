import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import { KIB, MIB } from "../../../kernel/bytes.js";
import { SECOND_MS } from "../../../kernel/clock.js";
import { countDeadBuffers } from "../../dead-buffers.js";

/** How much of an unneeded body of known length is read anyway, and for how long. */
const REST_BYTES = 8 * MIB;
const REST_MS = 10 * SECOND_MS;

/** How much is read after the response, so that a client that has almost finished gets a clean end. */
const LINGER_BYTES = 256 * KIB;
/**
 * How long a client that is still sending has to receive the response before the connection is reset: enough for two
 * retransmissions.
 */
const LINGER_MS = 3 * SECOND_MS;

/**
 * Reads the rest of a body and discards it, unless it exceeds some megabytes or its length is unknown. Resolves to
 * whether the body has been read to its end.
 *
 * @param receivedBytes how much of it has already been read
 */
export function readRest(request: IncomingMessage, receivedBytes: number): Promise<boolean> {
  const leftBytes = Number(request.headers["content-length"] ?? Number.NaN) - receivedBytes;
  const isOver = () => request.readableEnded || request.complete;
  if (isOver() || request.destroyed || !(leftBytes <= REST_BYTES)) return Promise.resolve(isOver());
  return new Promise((resolve) => {
    const drop = (chunk: Buffer) => countDeadBuffers(chunk.length);
    const end = () => {
      clearTimeout(timeout);
      request.off("data", drop).off("end", end).off("close", end).pause();
      resolve(isOver());
    };
    const timeout = setTimeout(end, REST_MS);
    request.on("data", drop).once("end", end).once("close", end).resume();
  });
}

/**
 * Responds to a request whose body has not been read to its end with `Connection: close`, reads only a bounded rest of
 * it, and closes the connection so that the client can read the response (RFC 9112 §9.6). Node itself would read the
 * whole body. Chromium reads a response only when it cannot send any more, and accepts it only with an error status.
 */
export function closeOnUnreadBody(app: FastifyInstance): void {
  app.addHook("onSend", ({ raw }, reply, _payload, done) => {
    if (raw.readableEnded || !hasBody(raw)) return done();
    // The response may be ready while the parser is still delivering the last bytes: one iteration later it knows the
    // end.
    setImmediate(() => {
      if (raw.complete) {
        // The rest is already in memory: the connection can be reused once it is discarded.
        reply.raw.once("finish", () => raw.resume());
      } else {
        reply.header("connection", "close");
        lingerOnClose(raw);
      }
      done();
    });
  });
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

function lingerOnClose(request: IncomingMessage): void {
  const { socket } = request;
  // Node would read the whole body of a request that has never been read from.
  if (request.readableFlowing === null) request.read();
  // Node calls this after the last response of a connection. Its own implementation closes at once, and the kernel then
  // resets the connection before the client has read the response.
  socket.destroySoon = () => {
    socket.end();
    const reset = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(reset));
    let left = LINGER_BYTES;
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left <= 0) request.pause();
    });
    request.once("end", () => socket.end(() => socket.destroy()));
    request.resume();
  };
}
