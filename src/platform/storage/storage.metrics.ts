import { Readable } from "node:stream";
import type { Registry } from "prom-client";
import { Counter, Histogram } from "prom-client";
import { isErrno } from "../../kernel/errno.js";
import type { Observe } from "../telemetry/observe.js";
import { ObjectNotFound, WrongSize } from "./storage.js";

const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

/** Measures the operations of a storage: their seconds and their errors. */
export function createStorageMetrics(registry: Registry): Observe {
  const seconds = new Histogram({
    name: "filedesk_storage_operation_duration_seconds",
    help: "Duration of storage operations; of reads until the bytes begin.",
    labelNames: ["operation"],
    buckets: BUCKETS,
    registers: [registry],
  });
  const errors = new Counter({
    name: "filedesk_storage_errors_total",
    help: "Storage operations that failed, including reads that broke off.",
    labelNames: ["operation", "reason"],
    registers: [registry],
  });
  return async (operation, work) => {
    const startedAt = performance.now();
    const failed = (error: unknown) => {
      const reason = reasonOf(error);
      if (reason !== null) errors.inc({ operation, reason });
    };
    try {
      const result = await work();
      if (result instanceof Readable) result.once("error", failed);
      return result;
    } catch (error) {
      failed(error);
      throw error;
    } finally {
      seconds.observe({ operation }, (performance.now() - startedAt) / 1_000);
    }
  };
}

/** Null for what is not an error of the storage: a range beyond the object, and a reader that leaves. */
function reasonOf(error: unknown): string | null {
  if (error instanceof ObjectNotFound) return "not_found";
  if (error instanceof WrongSize) return "wrong_size";
  if (error instanceof RangeError || isErrno(error, "ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR")) return null;
  return isErrno(error, "ENOSPC", "EDQUOT") ? "full" : "fault";
}
