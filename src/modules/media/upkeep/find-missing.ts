import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { FindingOptions } from "./finding.js";
import { reportFinding } from "./finding.js";
import type { KnownBlob, KnownBytes, KnownVariant } from "./integrity.repository.js";
import { countStored, listBlobs, listVariants } from "./integrity.repository.js";
import { recordFinding } from "./record-finding.js";
import type { RenderAgainDeps } from "./render-again.js";
import { renderAgain } from "./render-again.js";

export interface FindMissingDeps extends RenderAgainDeps {
  readonly storage: Storage;
}

export interface MissingReport {
  readonly seen: number;
  /** Originals that are not in the storage, including those already known to be missing. */
  readonly missing: number;
  readonly missingVariants: number;
  /** Originals that were missing and have been found again: their bytes are verified next. */
  readonly found: number;
}

const PAGE = 500;
const AT_ONCE = 8;

/**
 * Finds rows whose bytes are not in the storage. An original is marked and its event recorded once; a variant is
 * rendered again.
 */
export async function findMissing(
  deps: FindMissingDeps,
  { dryRun = false, onProgress, onFinding, signal }: RunOptions & FindingOptions = {},
): Promise<MissingReport> {
  const report = { seen: 0, missing: 0, missingVariants: 0, found: 0 };
  const total = await countStored(deps.db);
  const seen = () => {
    report.seen += 1;
    onProgress?.({ done: report.seen, total: Math.max(total, report.seen) });
  };

  await look(deps, listBlobs, signal, async (blob: KnownBlob, isThere) => {
    const wasMissing = blob.integrity === "MISSING";
    if (!isThere) report.missing += 1;
    else if (wasMissing) report.found += 1;
    if (!dryRun && isThere === wasMissing)
      await recordFinding(deps.db, blob, isThere ? "UNVERIFIED" : "MISSING", null);
    if (!isThere) await reportFinding(deps.db, { onFinding }, blob, "MISSING");
    seen();
  });
  await look(deps, listVariants, signal, async (variant: KnownVariant, isThere) => {
    if (!isThere) report.missingVariants += 1;
    if (!dryRun && !isThere) await renderAgain(deps, variant);
    seen();
  });
  return report;
}

/** Looks up each row's bytes in the storage, several at a time. */
async function look<Row extends KnownBytes>(
  { db, storage }: FindMissingDeps,
  list: (db: Database, after: string | null, limit: number) => Promise<Row[]>,
  signal: AbortSignal | undefined,
  report: (row: Row, isThere: boolean) => Promise<void>,
): Promise<void> {
  for (let after: string | null = null; ; ) {
    const page: Row[] = await list(db, after, PAGE);
    for (let from = 0; from < page.length; from += AT_ONCE) {
      signal?.throwIfAborted();
      const some = page.slice(from, from + AT_ONCE);
      const stats = await Promise.all(some.map((row) => storage.stat(row.storageKey)));
      for (const [index, row] of some.entries()) await report(row, stats[index] !== null);
    }
    after = page.at(-1)?.id ?? null;
    if (page.length < PAGE) return;
  }
}
