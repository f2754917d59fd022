import type { FastifyInstance } from "fastify";
import { SECURITY_HEADERS } from "../security-headers.js";

/** Sets `SECURITY_HEADERS` before any other hook can answer. Call it before other hooks are added. */
export function setSecurityHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    done();
  });
  // Apollo Sandbox, outside of production, is a page whose policy is in its HTML.
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (String(reply.getHeader("content-type")).startsWith("text/html"))
      reply.removeHeader("content-security-policy");
    done();
  });
}
