import type { Context, Span } from "@opentelemetry/api";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Tracing } from "./tracing.js";

const FIRST_SERVER_ERROR = 500;

/**
 * Traces the requests of a server, below the span that `traceparent` names (W3C Trace Context). A span has the template
 * of the route, never its parameters.
 */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  const contexts = new WeakMap<FastifyRequest, Context>();
  app.addHook("onRequest", (request, reply, done) => {
    const { method, is404, routeOptions } = request;
    const route = is404 ? undefined : routeOptions.url;
    const { span, context } = tracing.begin(
      {
        name: route === undefined ? method : `${method} ${route}`,
        kind: SpanKind.SERVER,
        attributes: {
          "http.request.method": method,
          "filedesk.request.id": request.id,
          ...(route !== undefined && { "http.route": route }),
        },
      },
      parentOf(request),
    );
    contexts.set(request, context);
    reply.raw.once("close", () => endWith(span, reply.raw));
    tracing.run(context, done);
  });
  // The body has been read in the context of its connection.
  app.addHook("preValidation", (request, _reply, done) => {
    const context = contexts.get(request);
    if (context) tracing.run(context, done);
    else done();
  });
}

function parentOf({ headers: { traceparent } }: FastifyRequest): Context {
  const parent = typeof traceparent === "string" ? parseTraceParent(traceparent) : null;
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

function endWith(
  span: Span,
  { headersSent, statusCode }: { headersSent: boolean; statusCode: number },
): void {
  if (headersSent) span.setAttribute("http.response.status_code", statusCode);
  else span.setAttribute("error.type", "aborted");
  if (statusCode >= FIRST_SERVER_ERROR) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
