import type { Scanner } from "../../../platform/scanner/scanner.js";
import type { BucketRules } from "../buckets.js";
import type { identify as Identify } from "./identify/identify.js";
import type { IngestObserver } from "./ingest-observer.js";
import type { inspect as Inspect } from "./inspect/inspect.js";
import type { Received } from "./receive/receive.js";
import type { Scanned } from "./scan.js";
import { scan } from "./scan.js";

export interface CheckDeps {
  readonly scanner: Scanner;
  readonly maxPixels: number;
  readonly observer: Pick<IngestObserver, "step">;
}

export interface CheckRequest {
  readonly rules: BucketRules;
  /** The company of the file: companies take turns in decoding. */
  readonly companyId: string;
}

/**
 * Identifies, inspects and scans a received file.
 *
 * @throws FILE_TOO_LARGE, UNSUPPORTED_FILE_TYPE, FILE_TYPE_MISMATCH, CORRUPT_FILE, FILE_INFECTED
 */
export async function checkFile(
  { scanner, maxPixels, observer: { step } }: CheckDeps,
  received: Received,
  { rules, companyId }: CheckRequest,
): Promise<Scanned> {
  const { identify, inspect } = await loadInspection();
  const identified = await step("identify", () => identify(received, rules));
  const inspected = await step("inspect", () =>
    inspect(identified, { companyId, maxPixels, maxSeconds: rules.maxSeconds }),
  );
  return step("scan", () => scan(inspected, scanner));
}

/** Loaded on demand: sharp, file-type and yauzl take a tenth of a second, which processes without uploads save. */
const loadInspection = () => {
  inspection ??= (async () => {
    const { identify } = await import("./identify/identify.js");
    const { inspect } = await import("./inspect/inspect.js");
    return { identify, inspect };
  })();
  return inspection;
};

/** Loaded once, for all concurrent uploads. */
let inspection: Promise<Inspection> | undefined;

interface Inspection {
  readonly identify: typeof Identify;
  readonly inspect: typeof Inspect;
}
