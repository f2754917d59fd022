import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";

/** A connection that speaks HTTP. One that becomes a websocket is none any more. */
export interface Connection {
  readonly socket: Socket;
  /** The answers of the requests under way on it, in the order of the requests; with pipelining there may be several. */
  readonly underWay: ReadonlySet<ServerResponse>;
}

export interface ConnectionListener {
  opened?(connection: Connection): void;
  /** A request under way has been answered, or given up by the client; others may be under way behind it. */
  answered?(connection: Connection): void;
  /** The last request under way has been answered, or given up by the client. */
  idle?(connection: Connection): void;
}

/** The HTTP connections of a server that are open, each with what is under way on it. */
export interface Connections extends Iterable<Connection> {
  listen(listener: ConnectionListener): void;
  /** Whether a request is under way on it. */
  isBusy(socket: Duplex): boolean;
  /** The open connection that a request came on; none for one that is made up. */
  of({ socket }: IncomingMessage): Connection | undefined;
}

/** Call before any route is registered: requests are known from their very first event. */
export function trackConnections({ server }: FastifyInstance): Connections {
  const open = new Map<Socket, { readonly socket: Socket; readonly underWay: Set<ServerResponse> }>();
  const listeners: ConnectionListener[] = [];
  server.on("connection", (socket: Socket) => {
    const connection = { socket, underWay: new Set<ServerResponse>() };
    open.set(socket, connection);
    socket.once("close", () => open.delete(socket));
    for (const listener of listeners) listener.opened?.(connection);
  });
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(socket);
    if (!connection) return;
    connection.underWay.add(response);
    response.once("close", () => {
      connection.underWay.delete(response);
      for (const listener of listeners) listener.answered?.(connection);
      if (connection.underWay.size === 0) for (const listener of listeners) listener.idle?.(connection);
    });
  });
  server.on("upgrade", ({ socket }: IncomingMessage) => void open.delete(socket));
  return {
    listen: (listener) => void listeners.push(listener),
    of: ({ socket }) => open.get(socket),
    isBusy: (socket) => (open.get(socket as Socket)?.underWay.size ?? 0) > 0,
    [Symbol.iterator]: () => open.values(),
  };
}
