import type { Database } from "../../../platform/database/client.js";
import type { JobSender } from "../../../platform/jobs/job.js";

/** The job that scans stored files. */
export const SCAN_FILE = "scan-file";

/** Stored bytes that are to be scanned. */
export interface BlobToScan {
  readonly id: string;
  readonly companyId: string;
}

export interface ScanFileData {
  readonly blobId: string;
  /** Whether it is scanned even if it is clean, as after an update of the scanner's signatures. */
  readonly again?: boolean;
}

/** Enqueues the jobs that scan blobs, in the transaction that records them. Companies take turns. */
export async function requestScans(
  { jobs, tx }: { readonly jobs: JobSender; readonly tx: Database },
  blobs: readonly BlobToScan[],
  options: Pick<ScanFileData, "again"> = {},
): Promise<void> {
  if (blobs.length === 0) return;
  await jobs.send(
    tx,
    blobs.map(({ id, companyId }) => ({
      name: SCAN_FILE,
      data: { blobId: id, ...options } satisfies ScanFileData,
      group: companyId,
    })),
  );
}
