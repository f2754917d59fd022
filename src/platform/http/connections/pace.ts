import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Connection, Connections } from "./connections.js";
import { PaceMeter } from "./pace-meter.js";

export interface LeastPace {
  readonly bytesPerSecond: number;
  /** Over how long what a client sends is measured; what it reads is measured over twice as long. */
  readonly windowMs: number;
}

/**
 * A kernel takes the next bytes for a slow reader when a third of its buffer is free, which is a step of some hundred
 * kilobytes: measured over a shorter time, a slow and steady reader would seem to stand still.
 */
const WINDOWS_FOR_READERS = 2;
const LOOKS_PER_WINDOW = 8;

interface Meters {
  readonly receiving: PaceMeter;
  readonly sending: PaceMeter;
}

/**
 * Cuts connections whose client sends a body, or reads an answer, more slowly than `pace` over a whole window: nobody
 * holds memory, descriptors and places for nothing. Only what the client owes counts: while bytes that have arrived
 * wait for us, or nothing waits for it, it cannot be too slow. A download that was cut goes on by a range.
 */
export function endSlowConnections(app: FastifyInstance, connections: Connections, pace: LeastPace): void {
  const meters = new WeakMap<Connection, Meters>();
  const metersOf = (connection: Connection): Meters => {
    const known = meters.get(connection);
    if (known) return known;
    const { bytesPerSecond, windowMs } = pace;
    const receiving = new PaceMeter({ bytesPerSecond, windowMs });
    const sending = new PaceMeter({ bytesPerSecond, windowMs: windowMs * WINDOWS_FOR_READERS });
    meters.set(connection, { receiving, sending });
    return { receiving, sending };
  };
  const look = () => {
    const now = performance.now();
    for (const connection of connections) {
      const { socket, underWay } = connection;
      if (underWay.size === 0) continue;
      const { receiving, sending } = metersOf(connection);
      const owesBody = [...underWay].some(({ req }) => isAwaited(req));
      const { accepted, waiting } = sentOn(socket);
      const isSlow = {
        sends: receiving.isTooSlow(owesBody ? socket.bytesRead : null, now),
        reads: sending.isTooSlow(waiting > 0 ? accepted : null, now),
      };
      if (!isSlow.sends && !isSlow.reads) continue;
      app.log.info({ ...isSlow, ip: socket.remoteAddress }, "a connection is cut that is too slow");
      socket.destroy();
    }
  };
  const timer = setInterval(look, pace.windowMs / LOOKS_PER_WINDOW).unref();
  app.server.once("close", () => clearInterval(timer));
}

/** Whether more of a body has to come from the client before anything can go on. */
const isAwaited = ({ complete, readableLength }: IncomingMessage): boolean =>
  !complete && readableLength === 0;

interface Handle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

/**
 * What the kernel has taken of all that was written, and what waits for it, in bytes. A stream's own counters move when
 * the whole of a chunk is through, which may be a whole answer; the handle's, which Node's own time-outs go by, move
 * with each piece of it.
 */
function sentOn(socket: Socket): { accepted: number; waiting: number } {
  const { _handle: handle } = socket as unknown as { readonly _handle: Handle | null };
  if (!handle) return { accepted: 0, waiting: 0 };
  return { accepted: handle.bytesWritten - handle.writeQueueSize, waiting: handle.writeQueueSize };
}
