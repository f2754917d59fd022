import type { IncomingMessage } from "node:http";
import { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import { KIB } from "../../../kernel/bytes.js";
import { badUserInput } from "../../../kernel/errors.js";

export interface WebSocketRoute {
  readonly path: string;
  /** Subprotocols that are accepted, those first that are preferred. */
  readonly protocols: readonly string[];
  /** Given every connection, also one of a foreign page or without such a subprotocol: pages see close codes, and no HTTP errors. */
  connected(socket: WebSocket, request: FastifyRequest): void;
}

/** A message may have this many bytes; a longer one ends the connection with 1009. */
const MAX_MESSAGE_BYTES = 64 * KIB;

interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Whether a request asks for a websocket; Node answers other upgrades, such as to h2c, as if they were not asked for. */
export const isWebSocketUpgrade = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === "websocket";

/**
 * Takes websockets at one path. A request for one goes the way of all requests, with their hooks and errors, up to the
 * point where the connection is made.
 */
export function registerWebSocketRoute(app: FastifyInstance, route: WebSocketRoute): void {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // One message of a connection in a turn of the event loop: what has arrived together does not run together.
    allowSynchronousEvents: false,
    handleProtocols: (offered) => route.protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", destroy);
    if (isWebSocketUpgrade(request)) {
      upgrades.set(request, { socket, head });
      app.routing(request, responseOn(request));
    } else {
      socket.once("finish", destroy).end(NO_SUCH_UPGRADE);
    }
  });
  app.addHook("onRequest", (request, reply, done) => {
    const { raw } = request;
    const upgrade = upgrades.get(raw);
    if (!upgrade) return done();
    if (request.routeOptions.url !== route.path)
      return done(badUserInput(`Websockets are taken at ${route.path} alone.`));
    reply.hijack();
    reply.raw.detachSocket(raw.socket);
    upgrade.socket.off("error", destroy);
    server.handleUpgrade(raw, upgrade.socket, upgrade.head, (socket) => route.connected(socket, request));
  });
}

const NO_SUCH_UPGRADE = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

function destroy(this: Duplex): void {
  this.destroy();
}

/** For the answer to a request that is refused; the connection ends with it. */
function responseOn(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once("finish", () => request.socket.destroySoon());
  return response;
}
