import type { FastifyInstance } from "fastify";
import { FiledeskError } from "../../../kernel/errors.js";

/** By then another server, or this one after its restart, accepts requests. */
const RETRY_SECONDS = 1;

/**
 * Refuses requests on open connections while the server closes, in the usual error format. Fastify's own refusal has
 * neither this format nor CORS headers and is turned off by `return503OnClosing: false`.
 */
export function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onRequest", async () => {
    if (isClosing)
      throw new FiledeskError("SERVICE_UNAVAILABLE", "This server is closing: try again in a moment.", {
        retryAfter: RETRY_SECONDS,
      });
  });
}
