import type { Logger } from "pino";
import type { RunOptions } from "../../kernel/run-options.js";
import { announceAttachments } from "../../modules/attachments/announce-attachments.js";
import type { AttachmentParents } from "../../modules/attachments/parents.js";
import type { OnScanned } from "../../modules/media/scanning/announce-scan.js";
import { findUnscanned } from "../../modules/media/scanning/find-unscanned.js";
import { SCAN_FILE } from "../../modules/media/scanning/request-scans.js";
import type { RescanOptions } from "../../modules/media/scanning/rescan.js";
import { rescan } from "../../modules/media/scanning/rescan.js";
import { createFindUnscannedJob, createScanFileJob } from "../../modules/media/scanning/scan-file.job.js";
import type { OnRendered } from "../../modules/media/variants/announce-variants.js";
import { requestVariantsOf } from "../../modules/media/variants/request-variants.js";
import { postReplacement } from "../../modules/tickets/posts/post-replacement.js";
import type { Database } from "../../platform/database/client.js";
import type { JobSender } from "../../platform/jobs/job.js";
import { listUnderWay } from "../../platform/jobs/job-under-way.repository.js";
import type { Scanner } from "../../platform/scanner/scanner.js";
import type { Storage } from "../../platform/storage/storage.js";

export interface ScanningOptions {
  readonly db: Database;
  readonly storage: Storage;
  readonly scanner: Scanner;
  readonly jobs: JobSender;
  readonly parents: AttachmentParents;
  readonly log: Logger;
}

export type Scanning = ReturnType<typeof createScanning>;

/** Builds what scans stored files, with the database of the jobs. */
export function createScanning({ parents, ...given }: ScanningOptions) {
  const { db, scanner, jobs } = given;
  const requestVariants = requestVariantsOf(jobs);
  const deps = { ...given, requestVariants, onScanned: onScannedOf(parents) };
  const listScansUnderWay = () => listUnderWay(db, { name: SCAN_FILE, field: "blobId" });
  const find = (options?: RunOptions) => findUnscanned({ db, scanner, jobs, listScansUnderWay }, options);
  return {
    scanner,
    rescan: (options: RescanOptions) => rescan({ db, jobs }, options),
    scanJobs: { scanFile: createScanFileJob(deps), findUnscanned: createFindUnscannedJob(find) },
  };
}

/** What shows a file tells its subscribers of the verdict. */
export const onScannedOf = (parents: AttachmentParents): OnScanned => announcing(parents, "updated");

/** And of its variants. */
export const onRenderedOf = (parents: AttachmentParents): OnRendered => announcing(parents, "rendered");

function announcing(parents: AttachmentParents, what: "updated" | "rendered"): OnRendered {
  const announce = announceAttachments(parents, what);
  return async (tx, companyId, mediaFileIds) => {
    await announce(tx, companyId, mediaFileIds);
    for (const id of mediaFileIds) await postReplacement.contentReplaced(tx, companyId, id);
  };
}
