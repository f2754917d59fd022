import type { FastifyInstance } from "fastify";
import { SECOND_MS } from "../../kernel/clock.js";

/**
 * Ends connections whose small body does not arrive in time, so that nobody holds them for nothing. Bodies with
 * files have no such deadline: the multipart door watches that they move.
 */
export function endSlowBodies(app: FastifyInstance, deadlineMs = 30 * SECOND_MS): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const { raw } = request;
    if (!hasSmallBody(request.headers)) return done();
    const timer = setTimeout(() => raw.destroy(), deadlineMs);
    for (const over of ["end", "close"]) raw.once(over, () => clearTimeout(timer));
    done();
  });
}

const hasSmallBody = (headers: Readonly<Record<string, unknown>>): boolean =>
  (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) &&
  !String(headers["content-type"] ?? "").startsWith("multipart/");
