import type { FastifyInstance } from "fastify";
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from "graphql-ws";
import type { WebSocket } from "ws";
import { SECOND_MS } from "../../../kernel/clock.js";
import { createConnectionSweep } from "../../http/connections/connection-sweep.js";
import { registerWebSocketRoute } from "../../http/connections/websocket-upgrade.js";
import { LEGACY_PROTOCOL, refuseLegacyClient } from "./legacy-subprotocol.js";
import type { Realtime } from "./realtime.js";
import { WebSocketConnection } from "./websocket-connection.js";

export interface WebSocketDoor<Viewer> extends Realtime<Viewer> {
  /** The URL of the GraphQL route. */
  readonly path: string;
  readonly maxSubscriptions: number;
  /** How long a client may take to say who it is; by default 10 seconds. */
  readonly initMs?: number;
  /** How often connections are looked after; by default each second. */
  readonly sweepMs?: number;
  acceptsOrigin(origin: string | undefined, host: string | undefined): boolean;
}

/** RFC 6455 §7.4.1. Clients do not try again. */
const POLICY_VIOLATION = 1008;
const FOREIGN_PAGE = "Pages of this origin may not open a websocket here: see CORS_ORIGINS";

/** How long connections may take to close when the server does. */
const FAREWELL_MS = SECOND_MS;

/** Takes subscriptions by websocket, in the protocol graphql-transport-ws, at the URL of GraphQL. */
export function registerWebSocketDoor<Viewer>(app: FastifyInstance, door: WebSocketDoor<Viewer>): void {
  const sweep = createConnectionSweep<WebSocketConnection<Viewer>>(door.sweepMs);
  const { connections } = sweep;
  let allGone: (() => void) | null = null;
  let isClosing = false;
  const refused = new Set<WebSocket>();
  const refuse = (socket: WebSocket) => {
    refused.add(socket);
    socket.once("close", () => refused.delete(socket));
    refuseLegacyClient(socket);
  };
  registerWebSocketRoute(app, {
    path: door.path,
    protocols: [GRAPHQL_TRANSPORT_WS_PROTOCOL, LEGACY_PROTOCOL],
    connected(socket, request) {
      if (socket.protocol === LEGACY_PROTOCOL) return refuse(socket);
      const { authorization, origin: page, host } = request.headers;
      const origin = door.requestOf(request);
      const connection = new WebSocketConnection(socket, { ...door, log: app.log, origin, authorization });
      sweep.add(connection);
      socket.once("close", () => {
        sweep.remove(connection);
        if (connections.size === 0) allGone?.();
      });
      if (!door.acceptsOrigin(page, host)) connection.close(POLICY_VIOLATION, FOREIGN_PAGE);
      else if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
        connection.close(CloseCode.SubprotocolNotAcceptable, "Subprotocol not acceptable");
      else if (isClosing) connection.restart();
    },
  });
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const socket of refused) socket.terminate();
    if (connections.size === 0) return;
    const gone = new Promise<void>((resolve) => {
      allGone = resolve;
    });
    for (const connection of connections) connection.restart();
    const impatience = setTimeout(() => {
      for (const connection of connections) connection.terminate();
    }, FAREWELL_MS);
    await gone;
    clearTimeout(impatience);
  });
}
