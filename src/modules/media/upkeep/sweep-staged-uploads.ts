import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import { isStagedSegment, stagedNameOf } from "../../../platform/storage/segments.js";
import type { StagingArea } from "../../../platform/storage/staging-area.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { abortParts } from "../staging/abort-parts.js";
import type { ExpiredUpload } from "../staging/staged-upload.repository.js";
import {
  listArriving,
  listExpiredUploads,
  purgeExpiredUploads,
} from "../staging/staged-upload.repository.js";

export interface StagedSweepDeps {
  readonly db: Database;
  readonly storage: Storage;
  readonly staging: StagingArea;
}

export interface StagedSweepTimes {
  readonly expiredBefore: Date;
  /** Bytes without an upload that have not been written since. */
  readonly writtenBefore: Date;
}

export interface StagedSweepReport {
  /** Uploads that have expired. */
  readonly expired: number;
  /** Files of unfinished uploads that belonged to none any more. */
  readonly removed: number;
  readonly removedBytes: number;
}

const AT_ONCE = 500;

/**
 * Removes expired uploads with their bytes, and bytes of unfinished ones that belong to none. Rows first, bytes after:
 * an upload never seems usable without its bytes, and what an interrupted run leaves is removed by the next.
 */
export async function sweepStagedUploads(
  deps: StagedSweepDeps,
  { expiredBefore, writtenBefore }: StagedSweepTimes,
  options: RunOptions = {},
): Promise<StagedSweepReport> {
  const { db, storage, staging } = deps;
  const { dryRun = false, onProgress, signal } = options;
  let expired = 0;
  let removedBytes = 0;
  for (;;) {
    signal?.throwIfAborted();
    const due = await listExpiredUploads(db, expiredBefore, AT_ONCE);
    const ids = due.map(({ id }) => id);
    const purged = dryRun ? due : await purgeExpiredUploads(db, ids, expiredBefore);
    if (!dryRun) await removeBytes(storage, staging, purged);
    expired += purged.length;
    removedBytes += purged.reduce((sum, upload) => sum + upload.receivedBytes, 0);
    onProgress?.({ done: expired, total: null });
    if (dryRun || due.length < AT_ONCE) break;
  }
  const rest = await staging.sweep({
    ...options,
    writtenBefore,
    kept: (names) => listArriving(db, names),
  });
  return { expired, removed: rest.removed, removedBytes: removedBytes + rest.removedBytes };
}

/** Parts that were never put together, whose upload still expects them. */
export async function listKeptParts(db: Database, keys: readonly string[]): Promise<Set<string>> {
  const names = keys.filter(isStagedSegment).map(stagedNameOf);
  const arriving = await listArriving(db, names);
  return new Set(keys.filter((key) => isStagedSegment(key) && arriving.has(stagedNameOf(key))));
}

async function removeBytes(storage: Storage, staging: StagingArea, uploads: readonly ExpiredUpload[]) {
  for (const upload of uploads) await abortParts(storage, upload);
  await staging.remove(uploads.map(({ id }) => id));
  const keys = uploads.flatMap(({ storageKey }) => storageKey ?? []);
  // To the trash: a database that was restored from an old dump may not know that a file has these bytes.
  if (keys.length > 0) await storage.trash.put(keys);
}
