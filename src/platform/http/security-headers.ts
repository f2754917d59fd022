import type { FastifyInstance } from "fastify";

/**
 * Headers of every response that has no others of its own: nothing in it is executed, embedded in a page or stored, its
 * type is not guessed, and no URL, whose signature may be a credential, is passed on. `Strict-Transport-Security` is the
 * matter of the proxy that has the certificate.
 */
export const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

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
