import type { RunOptions } from "../../../kernel/run-options.js";
import type { Job } from "../../../platform/jobs/job.js";
import type { UnscannedReport } from "./find-unscanned.js";
import type { ScanFileData } from "./request-scans.js";
import { SCAN_FILE } from "./request-scans.js";
import type { ScanBlobDeps } from "./scan-blob.js";
import { scanBlob } from "./scan-blob.js";

/** A file of the largest bucket takes a scanner minutes at most. */
const TIMEOUT_SECONDS = 900;

/** Scans stored files. Failures of the storage and the database are retried; for a verdict `find-unscanned` asks again. */
export const createScanFileJob = (deps: ScanBlobDeps): Job<ScanFileData> => ({
  name: SCAN_FILE,
  atOnce: 4,
  timeoutSeconds: TIMEOUT_SECONDS,
  retries: 5,
  run: async (data, signal) => ({ outcome: await scanBlob(deps, data, signal) }),
});

/** Every minute: so soon after the scanner is back, files that wait for it are scanned. */
export const createFindUnscannedJob = (find: (options: RunOptions) => Promise<UnscannedReport>): Job => ({
  name: "find-unscanned",
  atOnce: 1,
  timeoutSeconds: 600,
  retries: 3,
  cron: "* * * * *",
  run: (_data, signal) => find({ signal }),
});
