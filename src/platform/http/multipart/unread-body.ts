import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import { KIB, MIB } from "../../../kernel/bytes.js";
import { SECOND_MS } from "../../../kernel/clock.js";
import { countDeadBuffers } from "./dead-buffers.js";

/** Of a body of known length that nobody needs any more, so much is read all the same, and for so long. */
const REST_BYTES = 8 * MIB;
const REST_MS = 10 * SECOND_MS;

/** What is still read after the answer, so that a client that has all but finished sees a clean end. */
const LINGER_BYTES = 256 * KIB;
/** How long a client that is still sending has to get the answer before the connection is reset: time to send it again twice. */
const LINGER_MS = 3 * SECOND_MS;

/**
 * Reads what is left of a body and drops it, unless that is more than some megabytes, or how much it is is not known.
 * Resolves to whether there is nothing left.
 *
 * @param receivedBytes how much of it has been read before
 */
export function readRest(request: IncomingMessage, receivedBytes: number): Promise<boolean> {
  const leftBytes = Number(request.headers["content-length"] ?? Number.NaN) - receivedBytes;
  const isOver = () => request.readableEnded || request.complete;
  if (isOver() || request.destroyed || !(leftBytes <= REST_BYTES)) return Promise.resolve(isOver());
  return new Promise((resolve) => {
    const drop = (chunk: Buffer) => countDeadBuffers(chunk.length);
    const end = () => {
      clearTimeout(impatience);
      request.off("data", drop).off("end", end).off("close", end).pause();
      resolve(isOver());
    };
    const impatience = setTimeout(end, REST_MS);
    request.on("data", drop).once("end", end).once("close", end).resume();
  });
}

/**
 * Answers a request whose body has not been read to its end with `Connection: close`, reads no more than a bounded
 * rest of it, and closes the connection in a way that lets the client read the answer (RFC 9112 §9.6). Node itself
 * would swallow the whole body. Chromium looks for an answer when it can send no more, and takes it then only if its
 * status is one of an error.
 */
export function closeOnUnreadBody(app: FastifyInstance): void {
  app.addHook("onSend", ({ raw }, reply, _payload, done) => {
    if (raw.readableEnded || !hasBody(raw)) return done();
    // The answer may be made while the parser is still delivering the last bytes: a turn later it knows the end.
    setImmediate(() => {
      if (raw.complete) {
        // All of it is in memory already: the connection can go on once that is thrown away.
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
  // Node swallows the body of a request that nobody has read from, so that is done here.
  if (request.readableFlowing === null) request.read();
  // Node calls this after the last answer of a connection; its own closes at once, and the kernel then resets the
  // connection under the client's hands, the answer unread.
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
