import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Registry } from "prom-client";
import { Counter, Histogram } from "prom-client";

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const METHODS: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);

/**
 * Measures the requests of a server: their number by method, route and status, and their seconds by route. Labels come
 * from the routes and never from clients: what has no route is `other`. Register it before other hooks that answer.
 */
export function measureRequests(app: FastifyInstance, registry: Registry): void {
  const requests = new Counter({
    name: "filedesk_http_requests_total",
    help: "HTTP requests that have ended; the status is `aborted` if the client left before the response.",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "filedesk_http_request_duration_seconds",
    help: "Duration of HTTP requests until the end of the response, without streams of events.",
    labelNames: ["route"],
    buckets: BUCKETS,
    registers: [registry],
  });
  app.addHook("onRequest", (request, reply, done) => {
    const { raw } = reply;
    raw.once("close", () => {
      const route = routeOf(request);
      const method = METHODS.has(request.method) ? request.method : "other";
      requests.inc({ method, route, status: raw.headersSent ? raw.statusCode : "aborted" });
      if (!isEventStream(reply.getHeader("content-type")))
        seconds.observe({ route }, reply.elapsedTime / 1_000);
    });
    done();
  });
}

/** The template of the route. */
const routeOf = ({ is404, routeOptions: { url } }: FastifyRequest): string =>
  is404 || url === undefined || url === "*" ? "other" : url;

/** They stay open as long as their clients. */
const isEventStream = (contentType: unknown): boolean =>
  typeof contentType === "string" && /^(text\/event-stream|multipart\/mixed)/.test(contentType);
