import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import { MINUTE_MS } from "../../kernel/clock.js";

const LOG_AGAIN_AFTER_MS = MINUTE_MS;

/** The same exporter, which logs once a minute that spans could not be sent: the SDK itself keeps silent. */
export function logFailedExports(exporter: SpanExporter, log: Logger): SpanExporter {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return {
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined && performance.now() - loggedAt > LOG_AGAIN_AFTER_MS) {
          loggedAt = performance.now();
          log.warn({ err: result.error, spans: spans.length }, "traces could not be sent; they are dropped");
        }
        done(result);
      });
    },
  };
}
