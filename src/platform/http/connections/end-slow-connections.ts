import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Connection, Connections } from "./connections.js";
import { RateMeter } from "./rate-meter.js";

export interface MinimumRate {
  readonly bytesPerSecond: number;
  /** Period over which a client's sending is measured; its reading is measured over twice as long. */
  readonly windowMs: number;
}

/**
 * For a slow reader, the kernel takes more bytes only when a third of its buffer is free, in steps of some hundred
 * kilobytes. Measured over a shorter period, a slow but steady reader would seem to have stopped.
 */
const WINDOWS_FOR_READERS = 2;
const CHECKS_PER_WINDOW = 8;

interface Meters {
  readonly receiving: RateMeter;
  readonly sending: RateMeter;
}

/**
 * Disconnects clients that send a body or read a response more slowly than `minimumRate` over a whole window, so that
 * they do not hold memory, descriptors and slots. Only the client's part counts: it is not slow while received bytes
 * wait for the server, or while nothing waits to be sent. A download that was cut can be resumed by a range request.
 */
export function endSlowConnections(
  app: FastifyInstance,
  connections: Connections,
  minimumRate: MinimumRate,
): void {
  const meters = new WeakMap<Connection, Meters>();
  const metersOf = (connection: Connection): Meters => {
    const known = meters.get(connection);
    if (known) return known;
    const { bytesPerSecond, windowMs } = minimumRate;
    const receiving = new RateMeter({ bytesPerSecond, windowMs });
    const sending = new RateMeter({ bytesPerSecond, windowMs: windowMs * WINDOWS_FOR_READERS });
    meters.set(connection, { receiving, sending });
    return { receiving, sending };
  };
  const checkAll = () => {
    const now = performance.now();
    for (const connection of connections) {
      const { socket, inProgress } = connection;
      if (inProgress.size === 0) continue;
      const { receiving, sending } = metersOf(connection);
      const owesBody = [...inProgress].some(({ req }) => isAwaited(req));
      const { accepted, waiting } = sentOn(socket);
      const isSlow = {
        sends: receiving.isTooSlow(owesBody ? socket.bytesRead : null, now),
        reads: sending.isTooSlow(waiting > 0 ? accepted : null, now),
      };
      if (!isSlow.sends && !isSlow.reads) continue;
      app.log.info({ ...isSlow, ip: socket.remoteAddress }, "a connection that is too slow is cut");
      socket.destroy();
    }
  };
  const timer = setInterval(checkAll, minimumRate.windowMs / CHECKS_PER_WINDOW).unref();
  app.server.once("close", () => clearInterval(timer));
}

/** Whether the server waits for more of a request's body. */
const isAwaited = ({ complete, readableLength }: IncomingMessage): boolean =>
  !complete && readableLength === 0;

interface Handle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}

/**
 * How many bytes the kernel has taken of all that was written, and how many wait. The counters of the stream change
 * only after a whole chunk, which may be a whole response; those of the handle, which Node's own timeouts use, change
 * with each part of it.
 */
function sentOn(socket: Socket): { accepted: number; waiting: number } {
  const { _handle: handle } = socket as unknown as { readonly _handle: Handle | null };
  if (!handle) return { accepted: 0, waiting: 0 };
  return { accepted: handle.bytesWritten - handle.writeQueueSize, waiting: handle.writeQueueSize };
}
