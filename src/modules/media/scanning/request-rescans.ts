import type { Database } from "../../../platform/database/client.js";
import type { JobSender } from "../../../platform/jobs/job.js";
import type { BlobToScan } from "./request-scans.js";
import { requestScans } from "./request-scans.js";
import { requestRescan } from "./scan.repository.js";

/**
 * Requests scans of blobs whatever their status, such as after an update of the scanner's signatures. The requests are
 * kept on the blobs until a verdict: a scanner that is away takes none of them away.
 */
export async function requestRescans(
  { jobs, tx }: { readonly jobs: JobSender; readonly tx: Database },
  found: readonly BlobToScan[],
): Promise<void> {
  if (found.length === 0) return;
  await requestRescan(
    tx,
    found.map(({ id }) => id),
  );
  await requestScans({ jobs, tx }, found, { again: true });
}
