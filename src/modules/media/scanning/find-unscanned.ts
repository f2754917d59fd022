import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import type { JobSender } from "../../../platform/jobs/job.js";
import type { Scanner } from "../../../platform/scanner/scanner.js";
import { requestScans } from "./request-scans.js";
import { listWaiting } from "./scan.repository.js";

export interface FindUnscannedDeps {
  readonly db: Database;
  readonly scanner: Pick<Scanner, "isOn" | "check">;
  readonly jobs: JobSender;
  /** The blobs whose scan has been requested and has not ended yet. */
  readonly listScansUnderWay: () => Promise<ReadonlySet<string>>;
}

export interface UnscannedReport {
  readonly requested: number;
  readonly scanner: "off" | "available" | "unavailable";
}

const PAGE = 500;

/**
 * Requests the scans of files that wait for one without a job: because the scanner was down, the job was lost, or the
 * last scan gave no verdict and its pause is over. Files with a verdict wait as well if another scan was requested. As
 * long as the scanner does not answer, only moves of what is infected are requested.
 */
export async function findUnscanned(
  { db, scanner, jobs, listScansUnderWay }: FindUnscannedDeps,
  { dryRun = false, signal }: RunOptions = {},
): Promise<UnscannedReport> {
  const state = await stateOf(scanner);
  // What is infected only has to be moved, which takes no scanner.
  const which = state === "available" ? "all" : "infected";
  let requested = 0;
  let underWay: ReadonlySet<string> | undefined;
  for (let after: string | null = null; ; ) {
    signal?.throwIfAborted();
    const page = await listWaiting(db, which, after, PAGE);
    if (page.length > 0) underWay ??= await listScansUnderWay();
    const forgotten = page.filter(({ id }) => !underWay?.has(id));
    if (!dryRun)
      await db.transaction(async (tx) => {
        for (const again of [false, true]) {
          const some = forgotten.filter((blob) => blob.again === again);
          await requestScans({ jobs, tx }, some, again ? { again } : {});
        }
      });
    requested += forgotten.length;
    after = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return { requested, scanner: state };
  }
}

async function stateOf(scanner: FindUnscannedDeps["scanner"]): Promise<UnscannedReport["scanner"]> {
  if (!scanner.isOn) return "off";
  return scanner.check().then(
    () => "available" as const,
    () => "unavailable" as const,
  );
}
