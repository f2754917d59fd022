import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";

/** An HTTP connection. It is no longer tracked once it becomes a websocket. */
export interface Connection {
  readonly socket: Socket;
  /**
   * The responses of the requests in progress on it, in the order of the requests; with pipelining there may be
   * several.
   */
  readonly inProgress: ReadonlySet<ServerResponse>;
}

export interface ConnectionListener {
  opened?(connection: Connection): void;
  /** A request has been answered or aborted; pipelined ones may follow. */
  answered?(connection: Connection): void;
  /** The last request in progress has been answered or aborted. */
  idle?(connection: Connection): void;
}

/** The open HTTP connections of a server, each with its requests in progress. */
export interface Connections extends Iterable<Connection> {
  listen(listener: ConnectionListener): void;
  /** Whether a request is in progress on it. */
  isBusy(socket: Duplex): boolean;
  /** The open connection of a request; undefined for an injected one. */
  of({ socket }: IncomingMessage): Connection | undefined;
}

/** Tracks the connections of a server. Call it before any route is registered. */
export function trackConnections({ server }: FastifyInstance): Connections {
  const open = new Map<Socket, { readonly socket: Socket; readonly inProgress: Set<ServerResponse> }>();
  const listeners: ConnectionListener[] = [];
  server.on("connection", (socket: Socket) => {
    const connection = { socket, inProgress: new Set<ServerResponse>() };
    open.set(socket, connection);
    socket.once("close", () => open.delete(socket));
    for (const listener of listeners) listener.opened?.(connection);
  });
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(socket);
    if (!connection) return;
    connection.inProgress.add(response);
    response.once("close", () => {
      connection.inProgress.delete(response);
      for (const listener of listeners) listener.answered?.(connection);
      if (connection.inProgress.size === 0) for (const listener of listeners) listener.idle?.(connection);
    });
  });
  server.on("upgrade", ({ socket }: IncomingMessage) => void open.delete(socket));
  return {
    listen: (listener) => void listeners.push(listener),
    of: ({ socket }) => open.get(socket),
    isBusy: (socket) => (open.get(socket as Socket)?.inProgress.size ?? 0) > 0,
    [Symbol.iterator]: () => open.values(),
  };
}
