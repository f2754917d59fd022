import type { FastifyInstance } from "fastify";

/**
 * While the server closes, a connection ends with the answer that is under way on it. Node ends those alone that
 * are idle when the closing begins: one that a client keeps alive would hold up a shutdown with nothing to do.
 */
export function closeWhenAnswered(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (isClosing) reply.header("connection", "close");
    done();
  });
  // For an answer whose headers were out before.
  app.addHook("onResponse", ({ raw }, _reply, done) => {
    if (isClosing) raw.socket.destroySoon();
    done();
  });
}
