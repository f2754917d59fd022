import type { FastifyInstance } from "fastify";
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from "graphql-ws";
import type { WebSocket } from "ws";
import { SECOND_MS } from "../../../kernel/clock.js";
import { createConnectionSweep } from "../../http/connections/connection-sweep.js";
import { registerWebSocketRoute } from "../../http/connections/websocket-upgrade.js";
import { LEGACY_PROTOCOL, refuseLegacyClient } from "./legacy-subprotocol.js";
import type { Realtime } from "./realtime.js";
import { FOREIGN_ORIGIN } from "./websocket-close-reasons.js";
import { WebSocketConnection } from "./websocket-connection.js";

export interface WebSocketGatewayOptions<Viewer> extends Realtime<Viewer> {
  /** The URL of the GraphQL route. */
  readonly path: string;
  readonly maxSubscriptions: number;
  /** How long a client may take to send `connection_init`; 10 seconds by default. */
  readonly initTimeoutMs?: number;
  /** Interval of the checks on open connections; a second by default. */
  readonly sweepMs?: number;
  acceptsOrigin(origin: string | undefined, host: string | undefined): boolean;
}

/** How long connections may take to close when the server does. */
const CLOSE_TIMEOUT_MS = SECOND_MS;

/** Serves subscriptions over websockets at the GraphQL URL, in the protocol graphql-transport-ws. */
export function registerWebSocketGateway<Viewer>(
  app: FastifyInstance,
  gateway: WebSocketGatewayOptions<Viewer>,
): void {
  const sweep = createConnectionSweep<WebSocketConnection<Viewer>>(gateway.sweepMs);
  const { connections } = sweep;
  let allClosed: (() => void) | null = null;
  let isClosing = false;
  const refused = new Set<WebSocket>();
  const refuse = (socket: WebSocket) => {
    refused.add(socket);
    socket.once("close", () => refused.delete(socket));
    refuseLegacyClient(socket);
  };
  registerWebSocketRoute(app, {
    path: gateway.path,
    protocols: [GRAPHQL_TRANSPORT_WS_PROTOCOL, LEGACY_PROTOCOL],
    connected(socket, request) {
      if (socket.protocol === LEGACY_PROTOCOL) return refuse(socket);
      const { authorization, origin: page, host } = request.headers;
      const origin = gateway.requestOf(request);
      const connection = new WebSocketConnection(socket, { ...gateway, log: app.log, origin, authorization });
      sweep.add(connection);
      socket.once("close", () => {
        sweep.remove(connection);
        if (connections.size === 0) allClosed?.();
      });
      if (!gateway.acceptsOrigin(page, host)) connection.close(...FOREIGN_ORIGIN);
      else if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
        connection.close(CloseCode.SubprotocolNotAcceptable, "Subprotocol not acceptable");
      else if (isClosing) connection.restart();
    },
  });
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const socket of refused) socket.terminate();
    if (connections.size === 0) return;
    const closed = new Promise<void>((resolve) => {
      allClosed = resolve;
    });
    for (const connection of connections) connection.restart();
    const timeout = setTimeout(() => {
      for (const connection of connections) connection.terminate();
    }, CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(timeout);
  });
}
