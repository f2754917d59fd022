import type { FastifyInstance } from "fastify";
import type { Connections } from "./connections.js";

/** How long a connection that is made while the server closes has to ask for something: it is told to come back. */
const NEWCOMER_MS = 500;

/**
 * While the server closes, a connection ends as soon as nothing is under way on it. Node ends those alone that have
 * answered something and are idle at that instant: one on which nothing was said yet, on which half of a header has
 * arrived, or whose answer ends a moment later would hold up the shutdown.
 *
 * What is under way has `patienceMs` to finish, and is cut off then, so that the shutdown still ends in order.
 */
export function drainOnClose(app: FastifyInstance, connections: Connections, patienceMs: number): void {
  let isClosing = false;
  let impatience: NodeJS.Timeout | undefined;
  connections.listen({
    opened: ({ socket, underWay }) => {
      if (!isClosing) return;
      const leave = setTimeout(() => underWay.size === 0 && socket.destroy(), NEWCOMER_MS);
      socket.once("close", () => clearTimeout(leave));
    },
    // Lets the client read what it has not read yet.
    idle: ({ socket }) => {
      if (isClosing) socket.destroySoon();
    },
  });
  app.addHook("preClose", async () => {
    isClosing = true;
    for (const { socket, underWay } of connections) if (underWay.size === 0) socket.destroy();
    impatience = setTimeout(() => {
      const left = [...connections];
      app.log.warn(
        { connections: left.length },
        "requests under way are cut off: the shutdown's time is over",
      );
      for (const { socket } of left) socket.destroy();
    }, patienceMs);
  });
  app.server.once("close", () => clearTimeout(impatience));
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (isClosing) reply.header("connection", "close");
    done();
  });
}
