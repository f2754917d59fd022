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
  /** Accepted subprotocols, in order of preference. */
  readonly protocols: readonly string[];
  /**
   * Called with every connection, even from a foreign page or without an accepted subprotocol, because pages can read
   * close codes but not HTTP errors.
   */
  connected(socket: WebSocket, request: FastifyRequest): void;
}

/** Maximum bytes of a message; a longer one ends the connection with 1009. */
const MAX_MESSAGE_BYTES = 64 * KIB;

interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Whether a request asks for a websocket. Node ignores other upgrades, such as to h2c. */
export const isWebSocketUpgrade = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === "websocket";

/**
 * Accepts websockets at one path. An upgrade request passes through Fastify's hooks and error handling like any other
 * request before the connection is made.
 */
export function registerWebSocketRoute(app: FastifyInstance, route: WebSocketRoute): void {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // One message per connection and iteration of the event loop, even if several have arrived together.
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
      return done(badUserInput(`Websockets are only accepted at ${route.path}.`));
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

/** A response for refusing the request; the connection is closed after it. */
function responseOn(request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once("finish", () => request.socket.destroySoon());
  return response;
}
