import type { RunOptions } from "../../kernel/run-options.js";
import type { Database } from "../../platform/database/client.js";
import type { Storage } from "../../platform/storage/storage.js";
import { listReferencedKeys } from "./blob.repository.js";

export interface SweepOptions extends RunOptions {
  /** Told of what has gone, or in a dry run would go. */
  readonly onRemoved?: ((object: { readonly key: string; readonly size: number }) => void) | undefined;
}

export interface SweepReport {
  readonly seen: number;
  readonly removed: number;
  readonly removedBytes: number;
}

/**
 * Removes bytes that no row points at: what a process left that was killed between storing and recording, or between
 * purging rows and bytes.
 *
 * @param storedBefore younger bytes are left alone, for their rows may be on their way
 */
export async function sweepStorage(
  { db, storage }: { readonly db: Database; readonly storage: Storage },
  storedBefore: Date,
  { dryRun = false, onProgress, onRemoved, signal }: SweepOptions = {},
): Promise<SweepReport> {
  let report: SweepReport = { seen: 0, removed: 0, removedBytes: 0 };
  let after: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const objects = await storage.list("", after);
    if (objects.length === 0) return report;
    const referenced = await listReferencedKeys(
      db,
      objects.map((object) => object.key),
    );
    const stray = objects.filter((object) => !referenced.has(object.key) && object.modifiedAt < storedBefore);
    if (!dryRun) await storage.delete(stray.map((object) => object.key));
    for (const { key, size } of stray) onRemoved?.({ key, size });
    report = {
      seen: report.seen + objects.length,
      removed: report.removed + stray.length,
      removedBytes: report.removedBytes + stray.reduce((sum, object) => sum + object.size, 0),
    };
    onProgress?.({ done: report.seen, total: null });
    after = objects.at(-1)?.key;
  }
}
