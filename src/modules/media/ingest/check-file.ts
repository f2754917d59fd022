import type { Database } from "../../../platform/database/client.js";
import type { JobSender } from "../../../platform/jobs/job.js";
import type { AuditActor } from "../../identity/audit/audit.repository.js";
import type { BucketRules } from "../buckets.js";
import { requestRescans } from "../scanning/request-rescans.js";
import { isReleased, listServedBytes } from "../scanning/scan.repository.js";
import type { identify as Identify } from "./identify/identify.js";
import { auditInfectedUpload } from "./infected-upload.audit.js";
import type { IngestObserver } from "./ingest-observer.js";
import type { inspect as Inspect } from "./inspect/inspect.js";
import type { Received } from "./receive/receive.js";
import type { sanitize as Sanitize, SanitizeOptions } from "./sanitize/sanitize.js";
import type { ScanDeps, Scanned } from "./scan.js";
import { scan } from "./scan.js";

export interface CheckDeps extends Omit<ScanDeps, "onInfected" | "isReleased"> {
  readonly db: Database;
  readonly jobs: JobSender;
  readonly maxPixels: number;
  readonly observer: Pick<IngestObserver, "step">;
}

export interface CheckRequest extends Pick<SanitizeOptions, "openTemp"> {
  readonly rules: BucketRules;
  /** The company of the file: companies take turns in decoding. */
  readonly companyId: string;
  readonly uploader: AuditActor;
}

/**
 * Identifies, sanitizes, inspects and scans a received file.
 *
 * @throws FILE_TOO_LARGE, UNSUPPORTED_FILE_TYPE, FILE_TYPE_MISMATCH, CORRUPT_FILE, FILE_INFECTED
 */
export async function checkFile(
  deps: CheckDeps,
  received: Received,
  { rules, companyId, uploader, openTemp }: CheckRequest,
): Promise<Scanned> {
  const { db, jobs, maxPixels, observer } = deps;
  const { step } = observer;
  const { identify, sanitize, inspect } = await loadInspection();
  const identified = await step("identify", () => identify(received, rules));
  const sanitized = await step("sanitize", () => sanitize(identified, { companyId, openTemp }));
  const inspected = await step("inspect", () =>
    inspect(sanitized, { companyId, maxPixels, maxSeconds: rules.maxSeconds }),
  );
  const { bucket } = rules;
  const onInfected = (signature: string) =>
    db.transaction(async (tx) => {
      await auditInfectedUpload(tx, { companyId, uploader, bucket, signature, ...inspected });
      // Equal bytes that the company has were stored before this signature: nobody waits for `filedesk rescan`.
      await requestRescans({ jobs, tx }, await listServedBytes(tx, companyId, inspected.sha256));
    });
  const isReleasedHere = (signature: string) =>
    isReleased(db, { companyId, sha256: inspected.sha256, signature });
  return step("scan", () => scan(inspected, { ...deps, isReleased: isReleasedHere, onInfected }));
}

/** Loaded on demand: sharp, file-type and yauzl take a tenth of a second, which processes without uploads save. */
const loadInspection = () => {
  inspection ??= (async () => {
    const { identify } = await import("./identify/identify.js");
    const { sanitize } = await import("./sanitize/sanitize.js");
    const { inspect } = await import("./inspect/inspect.js");
    return { identify, sanitize, inspect };
  })();
  return inspection;
};

/** Loaded once, for all concurrent uploads. */
let inspection: Promise<Inspection> | undefined;

interface Inspection {
  readonly identify: typeof Identify;
  readonly sanitize: typeof Sanitize;
  readonly inspect: typeof Inspect;
}
