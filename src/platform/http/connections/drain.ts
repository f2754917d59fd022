import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Connection, Connections } from "./connections.js";
import type { StopNotice } from "./stop-notice.js";

/**
 * How long a connection that is opened during the shutdown may take to send a request, which is refused with a retry
 * hint.
 */
const NEW_CONNECTION_MS = 500;

/** How long a small body without files may take to arrive during the shutdown: no work is lost with it. */
const BODY_MS = 2_000;

export interface DrainOptions {
  /** How long requests in progress may take to finish. */
  readonly timeoutMs: number;
  /** From then on, responses end their connections. */
  readonly stopNotice: StopNotice;
}

/**
 * Closes each connection during the shutdown as soon as no request is in progress on it. Node itself closes only
 * connections that are idle after a response at that instant: a connection without a request, with half of a header, or
 * with a response that ends a moment later would delay the shutdown.
 *
 * Requests in progress have `timeoutMs` to finish and are cut off then. Connections whose requests only wait for a
 * small body have `BODY_MS`; an upload counts as work from its first byte.
 */
export function drainOnClose(app: FastifyInstance, connections: Connections, options: DrainOptions): void {
  const { timeoutMs, stopNotice } = options;
  let isClosing = false;
  let isClosed = false;
  let deadline: NodeJS.Timeout | undefined;
  let bodyCheck: NodeJS.Timeout | undefined;
  connections.listen({
    opened: ({ socket, inProgress }) => {
      if (!isClosing) return;
      const idleTimer = setTimeout(() => inProgress.size === 0 && socket.destroy(), NEW_CONNECTION_MS);
      socket.once("close", () => clearTimeout(idleTimer));
    },
    // Sends buffered data before it closes.
    idle: ({ socket }) => {
      if (isClosing) socket.destroySoon();
    },
  });
  app.addHook("preClose", async () => {
    isClosing = true;
    if (isClosed) return;
    for (const { socket, inProgress } of connections) if (inProgress.size === 0) socket.destroy();
    bodyCheck = setInterval(() => {
      for (const connection of connections) if (awaitsBodies(connection)) connection.socket.destroy();
    }, BODY_MS);
    deadline = setTimeout(() => {
      const remaining = [...connections];
      app.log.warn(
        { connections: remaining.length },
        "requests in progress are cut off: the shutdown has timed out",
      );
      for (const { socket } of remaining) socket.destroy();
    }, timeoutMs);
  });
  app.server.once("close", () => {
    isClosed = true;
    clearTimeout(deadline);
    clearInterval(bodyCheck);
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (isClosing || stopNotice.isGiven) reply.header("connection", "close");
    done();
  });
}

/** Whether all requests in progress on it wait for a body without files. */
const awaitsBodies = ({ inProgress }: Connection): boolean =>
  inProgress.size > 0 && [...inProgress].every(({ req }) => !req.complete && !hasFiles(req));

const hasFiles = ({ headers }: IncomingMessage): boolean =>
  /^multipart\//i.test(headers["content-type"] ?? "");
