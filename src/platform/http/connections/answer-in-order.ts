import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Connection, Connections } from "./connections.js";

/** How many requests a client may send without waiting for responses: each takes some kilobytes. */
const MAX_PIPELINED = 100;

/**
 * Starts a request only when all earlier ones on its connection have been answered and the kernel has taken the
 * responses. Node starts pipelined requests at once (RFC 9112 §9.3.2), so a client that reads nothing could make the
 * server build fifty large responses at the same time.
 */
export function answerInOrder(app: FastifyInstance, connections: Connections): void {
  const held = new WeakMap<ServerResponse, () => void>();
  connections.listen({
    answered({ socket, inProgress }) {
      const [next] = inProgress;
      const begin = next && held.get(next);
      // Held requests of a closed connection are dropped.
      if (!begin || socket.destroyed) return;
      held.delete(next);
      begin();
    },
  });
  app.addHook("onRequest", ({ raw, log }, reply, done) => {
    const { inProgress } = connections.of(raw) ?? NO_CONNECTION;
    const [first = reply.raw] = inProgress;
    if (first === reply.raw) return done();
    if (inProgress.size > MAX_PIPELINED) {
      if (!raw.socket.destroyed)
        log.info("a connection is cut that sends too many requests without waiting for responses");
      raw.socket.destroy();
      return;
    }
    held.set(reply.raw, done);
  });
}

const NO_CONNECTION: Pick<Connection, "inProgress"> = { inProgress: new Set() };
