import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Connection, Connections } from "./connections.js";

/** How long a connection that is made while the server closes has to ask for something: it is told to come back. */
const NEWCOMER_MS = 500;

/** How long a body other than files, which is small, has to arrive: nothing has begun that would be lost with it. */
const BODY_MS = 2_000;

/**
 * While the server closes, a connection ends as soon as nothing is under way on it. Node ends those alone that have
 * answered something and are idle at that instant: one on which nothing was said yet, on which half of a header has
 * arrived, or whose answer ends a moment later would hold up the shutdown.
 *
 * What is under way has `patienceMs` to finish, and is cut off then, so that the shutdown still ends in order. Where
 * nothing is but half of a body, it has `BODY_MS`; an upload is work from its first byte on.
 */
export function drainOnClose(app: FastifyInstance, connections: Connections, patienceMs: number): void {
  let isClosing = false;
  let impatience: NodeJS.Timeout | undefined;
  let bodyCheck: NodeJS.Timeout | undefined;
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
    bodyCheck = setInterval(() => {
      for (const connection of connections) if (awaitsBodies(connection)) connection.socket.destroy();
    }, BODY_MS);
    impatience = setTimeout(() => {
      const left = [...connections];
      app.log.warn(
        { connections: left.length },
        "requests under way are cut off: the shutdown's time is over",
      );
      for (const { socket } of left) socket.destroy();
    }, patienceMs);
  });
  app.server.once("close", () => {
    clearTimeout(impatience);
    clearInterval(bodyCheck);
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (isClosing) reply.header("connection", "close");
    done();
  });
}

/** Whether all that is under way on it are requests whose body has not arrived, and brings no files. */
const awaitsBodies = ({ underWay }: Connection): boolean =>
  underWay.size > 0 && [...underWay].every(({ req }) => !req.complete && !bringsFiles(req));

const bringsFiles = ({ headers }: IncomingMessage): boolean =>
  /^multipart\//i.test(headers["content-type"] ?? "");
