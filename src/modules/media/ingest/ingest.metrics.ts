import type { Registry } from "prom-client";
import { Counter, Histogram } from "prom-client";
import { FiledeskError } from "../../../kernel/errors.js";
import { Bucket } from "../buckets.js";
import type { IngestObserver } from "./ingest-observer.js";

const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600];

/** Measures the pipeline of uploads: received files and bytes by bucket, and the seconds and failures of its steps. */
export function createIngestMetrics(registry: Registry): IngestObserver {
  const files = new Counter({
    name: "filedesk_upload_files_total",
    help: "Files that have been received completely, also those that a later step refused.",
    labelNames: ["bucket"],
    registers: [registry],
  });
  const bytes = new Counter({
    name: "filedesk_upload_bytes_total",
    help: "Bytes of files that have been received completely.",
    labelNames: ["bucket"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "filedesk_upload_step_duration_seconds",
    help: "Duration of each step of the upload pipeline; `receive` includes the time that the client takes.",
    labelNames: ["step"],
    buckets: BUCKETS,
    registers: [registry],
  });
  const failures = new Counter({
    name: "filedesk_upload_step_failures_total",
    help: "Steps of the upload pipeline that failed, by error code; `other` includes clients that left.",
    labelNames: ["step", "code"],
    registers: [registry],
  });
  for (const bucket of Object.values(Bucket)) {
    files.inc({ bucket }, 0);
    bytes.inc({ bucket }, 0);
  }
  return {
    received(bucket, size) {
      files.inc({ bucket });
      bytes.inc({ bucket }, size);
    },
    async step(step, work) {
      const startedAt = performance.now();
      try {
        return await work();
      } catch (error) {
        failures.inc({ step, code: error instanceof FiledeskError ? error.code : "other" });
        throw error;
      } finally {
        seconds.observe({ step }, (performance.now() - startedAt) / 1_000);
      }
    },
  };
}
