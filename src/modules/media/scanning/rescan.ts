import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import type { JobSender } from "../../../platform/jobs/job.js";
import { requestRescans } from "./request-rescans.js";
import type { Rescanned } from "./scan.repository.js";
import { countToRescan, listToRescan } from "./scan.repository.js";

export interface RescanDeps {
  readonly db: Database;
  readonly jobs: JobSender;
}

export interface RescanOptions extends RunOptions {
  readonly which: Rescanned;
}

export interface RescanReport {
  readonly requested: number;
  /** Files with a verdict that wait for a new one, from earlier requests too. */
  readonly waiting: number;
}

const PAGE = 500;

/**
 * Requests scans of stored files, whatever their status: a clean file stays available until something is detected in
 * it, and a quarantined one stays in quarantine. Equal files are scanned once.
 */
export async function rescan(
  { db, jobs }: RescanDeps,
  { which, dryRun = false, onProgress, signal }: RescanOptions,
): Promise<RescanReport> {
  let requested = 0;
  for (let after: string | null = null; ; ) {
    signal?.throwIfAborted();
    const page = await listToRescan(db, which, after, PAGE);
    if (!dryRun) await db.transaction((tx) => requestRescans({ jobs, tx }, page));
    requested += page.length;
    if (page.length > 0) onProgress?.({ done: requested, total: null });
    after = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return { requested, waiting: await countToRescan(db) };
  }
}
