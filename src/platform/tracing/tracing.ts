import { AsyncLocalStorage } from "node:async_hooks";
import type { Attributes, Context, Span, SpanKind } from "@opentelemetry/api";
import { ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import { SECOND_MS } from "../../kernel/clock.js";
import { FiledeskError } from "../../kernel/errors.js";
import { newId } from "../../kernel/ids.js";
import { logFailedExports } from "./log-failed-exports.js";

export interface TracingOptions {
  /** The base URL of an OTLP receiver; traces go to `/v1/traces` below it. */
  readonly endpoint: string;
  readonly serviceName: string;
  /** The share of the traces that begin here and are recorded, from 0 to 1. */
  readonly ratio: number;
  readonly log: Logger;
}

export interface SpanOptions {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes?: Attributes;
}

/** Traces the work of one process. The current span follows the work through its promises. */
export interface Tracing {
  /** Runs work in a new trace. */
  inRoot<Result>(options: SpanOptions, work: () => Promise<Result>): Promise<Result>;
  /** Runs work in a span below the current one; without one, or if it is not recorded, just runs it. */
  inChild<Result>(options: SpanOptions, work: () => Promise<Result>): Promise<Result>;
  /** Begins a span that the caller ends, below the parent's. */
  begin(options: SpanOptions, parent: Context): { readonly span: Span; readonly context: Context };
  /** Runs synchronous work, and what it starts, in a context. */
  run(context: Context, work: () => void): void;
  /** Sends what has not been sent, within a second or two. */
  close(): Promise<void>;
}

/** An unreachable receiver delays the end of the process by this time at most. */
const CLOSE_TIMEOUT_MS = 1.5 * SECOND_MS;

/** Sends spans to an OTLP receiver, in batches; at most 2,048 wait, further ones are dropped. Nothing is global. */
export function createTracing({ endpoint, serviceName, ratio, log }: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, "")}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "service.instance.id": newId() }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: logFailedExports(exporter, log) })],
  });
  const tracer = provider.getTracer("filedesk");
  const current = new AsyncLocalStorage<Context>();
  const begin: Tracing["begin"] = ({ name, ...options }, parent) => {
    const span = tracer.startSpan(name, options, parent);
    return { span, context: trace.setSpan(parent, span) };
  };
  const within = async <Result>(options: SpanOptions, parent: Context, work: () => Promise<Result>) => {
    const { span, context } = begin(options, parent);
    try {
      return await current.run(context, work);
    } catch (error) {
      describeFailure(span, error);
      throw error;
    } finally {
      span.end();
    }
  };
  return {
    begin,
    run: (context, work) => current.run(context, work),
    inRoot: (options, work) => within(options, ROOT_CONTEXT, work),
    inChild(options, work) {
      const parent = current.getStore();
      return parent && trace.getSpan(parent)?.isRecording() ? within(options, parent, work) : work();
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      });
      await Promise.race([provider.shutdown().catch(() => {}), timeout]);
      clearTimeout(timer);
    },
  };
}

/** Names the kind of error, never its message, which may contain what a person wrote. */
function describeFailure(span: Span, error: unknown): void {
  const isExpected = error instanceof FiledeskError;
  span.setAttribute("error.type", isExpected ? error.code : error instanceof Error ? error.name : "unknown");
  if (!isExpected) span.setStatus({ code: SpanStatusCode.ERROR });
}
