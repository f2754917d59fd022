import type { Observe } from "../../../platform/telemetry/observe.js";
import { unobserved } from "../../../platform/telemetry/observe.js";
import type { Bucket } from "../buckets.js";

/** A step of the pipeline that an upload takes. */
export type IngestStep = "receive" | "identify" | "sanitize" | "inspect" | "scan" | "store" | "record";

/** Observes the pipeline of uploads. */
export interface IngestObserver {
  /** Runs a step. */
  readonly step: Observe<IngestStep>;
  /** Called when the bytes of a file have arrived completely. */
  received(bucket: Bucket, bytes: number): void;
}

/** Observes nothing. */
export const noIngestObserver: IngestObserver = { step: unobserved, received() {} };
