import type { FastifyInstance } from "fastify";
import { FiledeskError } from "../../../kernel/errors.js";

/** Another server, or this one again, has taken over by then. */
const RETRY_SECONDS = 1;

/**
 * While the server closes, what comes on connections that are open still is refused, as every error is told: Fastify's
 * own refusal, which `return503OnClosing: false` turns off, has neither our form nor the headers of CORS.
 */
export function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onRequest", async () => {
    if (isClosing)
      throw new FiledeskError("SERVICE_UNAVAILABLE", "This server is closing: ask again in a moment.", {
        retryAfter: RETRY_SECONDS,
      });
  });
}
