import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import { isDeadlock, isForeignKeyViolation } from "../../../platform/database/faults.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { recordFileEvents } from "../media-file.events.js";
import type { DuePosition, FreedObject, PurgeReason, PurgeReport } from "./purge.repository.js";
import {
  listDueFiles,
  listReleasedFiles,
  lockDueFileWithVersions,
  measurePurge,
  purgeMediaFiles,
  purgeUnusedBlob,
} from "./purge.repository.js";

const AT_ONCE = 500;

export interface PurgeDeps {
  readonly db: Database;
  readonly storage: Pick<Storage, "trash">;
  /**
   * Checked before everything that removes bytes with a row.
   *
   * @throws if the database may be an older one that does not know all files
   */
  readonly assertMayRemove: () => Promise<void>;
}

export interface PurgeOptions extends RunOptions {
  /** The one company whose files are purged; else all. */
  readonly companyId?: string | undefined;
  /** In a dry run: ids of resources that the real run would have purged before, so that their usages count no more. */
  readonly released?: readonly string[] | undefined;
  /** Asked in the transaction of each file, before it goes. What it throws ends the purge. */
  readonly permit?: ((tx: Database) => Promise<void>) | undefined;
  /** Told of each file that has gone, or in a dry run would go. Earlier versions are not named. */
  readonly onPurged?: ((id: string) => void) | undefined;
}

const NOTHING: PurgeReport = { files: 0, blobs: 0, bytes: 0 };

/**
 * Removes all files for good that are due, each with its earlier versions, their variants, and the bytes that
 * nothing else uses. The gate is asked before the first.
 *
 * @throws SERVICE_UNAVAILABLE when nothing may be removed now
 */
export async function purgeFiles(
  deps: PurgeDeps,
  reason: PurgeReason,
  options: PurgeOptions = {},
): Promise<PurgeReport> {
  const { dryRun = false, onProgress, onPurged, permit, signal } = options;
  let report = NOTHING;
  let done = 0;
  const wouldGo: string[] = [];
  for await (const id of dueFiles(deps.db, reason, options)) {
    signal?.throwIfAborted();
    if (dryRun) {
      if (await canPurge(deps.db, id, reason)) wouldGo.push(id);
    } else {
      if (done === 0) await deps.assertMayRemove();
      const purged = await purgeFile(deps, id, reason, permit);
      if (purged.files > 0) onPurged?.(id);
      report = sumOfPurges([report, purged]);
    }
    done += 1;
    onProgress?.({ done, total: null });
  }
  if (!dryRun) return report;
  const released = new Set([...wouldGo, ...(await listReleasedFiles(deps.db, options.released ?? []))]);
  for (const id of released) onPurged?.(id);
  return measurePurge(deps.db, [...released]);
}

/**
 * Removes one file for good, with its earlier versions and the bytes that nothing else uses; whatever a rival does
 * meanwhile (uses it, restores it, uploads the same bytes, renders its variants).
 * Rows first, bytes after: when the process dies between them, the sweep finds the bytes. They wait in the trash like
 * swept ones, for newer rows than those of a wrong database may share them. Whoever calls this has passed the gate.
 *
 * @returns zeros when the file stays: it is not due (any more), or something keeps it
 */
export async function purgeFile(
  { db, storage }: PurgeDeps,
  id: string,
  reason: PurgeReason,
  permit?: PurgeOptions["permit"],
): Promise<PurgeReport> {
  const purged = await nullIfReferenced(() =>
    db.transaction(async (tx) => {
      await permit?.(tx);
      const family = await lockDueFileWithVersions(tx, id, reason);
      if (family.length === 0) return null;
      const freed: FreedObject[] = [];
      let blobs = 0;
      const { companyId, blobIds } = await purgeMediaFiles(tx, family);
      // A company that is purged has no subscribers.
      if (reason.kind !== "company purged") recordFileEvents(tx, companyId, "file.purged", [id]);
      for (const blobId of blobIds) {
        const objects = await purgeUnusedBlob(tx, blobId);
        if (objects.length > 0) blobs += 1;
        freed.push(...objects);
      }
      return { files: family.length, blobs, freed };
    }),
  );
  if (purged === null) return NOTHING;
  await storage.trash.put(purged.freed.map((object) => object.key));
  const bytes = purged.freed.reduce((total, object) => total + object.size, 0);
  return { files: purged.files, blobs: purged.blobs, bytes };
}

/** The ids of what is due, read a page at a time; what stays is passed by. */
async function* dueFiles(
  db: Database,
  reason: PurgeReason,
  {
    companyId = null,
    released = [],
  }: { companyId?: string | null | undefined; released?: readonly string[] | undefined },
): AsyncGenerator<string> {
  let after: DuePosition | null = null;
  for (;;) {
    const page: DuePosition[] = await listDueFiles(db, {
      reason,
      companyId,
      released,
      after,
      limit: AT_ONCE,
    });
    for (const { id } of page) yield id;
    after = page.at(-1) ?? null;
    if (page.length < AT_ONCE) return;
  }
}

class DryRunRollback extends Error {}

/** Tries the purge of a file and takes it back, so that a dry run knows what keeps a file. */
async function canPurge(db: Database, id: string, reason: PurgeReason): Promise<boolean> {
  // What keeps a deleted file was deleted no later, and what keeps a company's is the company's: it goes just before.
  if (reason.kind === "deleted" || reason.kind === "company purged") return true;
  const outcome = await nullIfReferenced(() =>
    db
      .transaction(async (tx): Promise<boolean> => {
        const family = await lockDueFileWithVersions(tx, id, reason);
        if (family.length === 0) return false;
        await purgeMediaFiles(tx, family);
        throw new DryRunRollback();
      })
      .catch((error: unknown) => {
        if (error instanceof DryRunRollback) return true;
        throw error;
      }),
  );
  return outcome ?? false;
}

async function nullIfReferenced<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    // A row that a module above keeps, such as a deleted attachment's, still points at the file; or an upload of
    // several of the same files was in the way. The next run tries again.
    if (isForeignKeyViolation(error) || isDeadlock(error)) return null;
    throw error;
  }
}

export const sumOfPurges = (reports: readonly PurgeReport[]): PurgeReport => ({
  files: reports.reduce((total, report) => total + report.files, 0),
  blobs: reports.reduce((total, report) => total + report.blobs, 0),
  bytes: reports.reduce((total, report) => total + report.bytes, 0),
});
