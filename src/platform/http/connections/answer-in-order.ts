import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Connection, Connections } from "./connections.js";

/** Requests that a client may have sent without waiting for their answers: each of them takes some kilobytes. */
const MAX_UNDER_WAY = 100;

/**
 * Begins a request when all those before it on its connection have been answered, and the answers are with the kernel.
 * Node hands over at once whatever a client has sent without waiting (pipelining, RFC 9112 §9.3.2): fifty large answers
 * would be made at once for somebody who reads none of them.
 */
export function answerInOrder(app: FastifyInstance, connections: Connections): void {
  const held = new WeakMap<ServerResponse, () => void>();
  connections.listen({
    answered({ socket, underWay }) {
      const [next] = underWay;
      const begin = next && held.get(next);
      // On a connection that is gone, nobody waits for what was held.
      if (!begin || socket.destroyed) return;
      held.delete(next);
      begin();
    },
  });
  app.addHook("onRequest", ({ raw, log }, reply, done) => {
    const { underWay } = connections.of(raw) ?? ALONE;
    const [first = reply.raw] = underWay;
    if (first === reply.raw) return done();
    if (underWay.size > MAX_UNDER_WAY) {
      if (!raw.socket.destroyed) log.info("a connection is cut that asks on and on, and waits for no answer");
      raw.socket.destroy();
      return;
    }
    held.set(reply.raw, done);
  });
}

const ALONE: Pick<Connection, "underWay"> = { underWay: new Set() };
