import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RateUse } from "../rate-limit/rate-use.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The rate limits that count the request; null while there are none. */
    rateUses: RateUse[] | null;
  }
}

/** The list to which whoever counts a request adds the state of the limit. */
export function rateUsesOf(request: FastifyRequest): RateUse[] {
  request.rateUses ??= [];
  return request.rateUses;
}

/**
 * Sends the state of the rate limits that count a request: `RateLimit-Policy` and `RateLimit`, in the form of
 * draft-ietf-httpapi-ratelimit-headers since its version 8. They are known from the statement that counts.
 */
export function sendRateLimits(app: FastifyInstance): void {
  app.decorateRequest("rateUses", null);
  app.addHook("onSend", (request, reply, _payload, done) => {
    if (request.rateUses?.length && isForThisClient(reply)) reply.headers(rateLimitHeaders(request.rateUses));
    done();
  });
}

/**
 * A shared cache would give the state of one client to others, and a client could wait before it follows a redirect
 * (section "Server Behavior" of the draft).
 */
const isForThisClient = (reply: FastifyReply): boolean =>
  !String(reply.getHeader("cache-control")).startsWith("public") && !isRedirect(reply.statusCode);

const isRedirect = (status: number): boolean => status >= 300 && status < 400 && status !== 304;

function rateLimitHeaders(uses: readonly RateUse[]) {
  // The last state of each: a request with several mutations is counted several times.
  const latest = [...new Map(uses.map((use) => [use.policy, use])).values()];
  return {
    "ratelimit-policy": latest
      .map(({ policy, limit, windowSeconds }) => `"${policy}";q=${limit};w=${windowSeconds}`)
      .join(", "),
    ratelimit: latest
      .map(({ policy, remaining, resetSeconds }) => `"${policy}";r=${remaining};t=${resetSeconds}`)
      .join(", "),
  };
}
