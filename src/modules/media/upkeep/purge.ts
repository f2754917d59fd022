import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import { isDeadlock, isForeignKeyViolation } from "../../../platform/database/faults.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { recordFileEvents } from "../media-file.events.js";
import { releaseStorage } from "../quota/storage-quota.js";
import type { DuePosition, FreedObject, PurgeReason, PurgeReport } from "./purge.repository.js";
import {
  listDueFiles,
  listReleasedFiles,
  lockDueFileWithVersions,
  measurePurge,
  purgeMediaFiles,
  purgeUnusedBlob,
} from "./purge.repository.js";
import { auditPurgedFile } from "./purged-file.audit.js";

const AT_ONCE = 500;

export interface PurgeDeps {
  readonly db: Database;
  readonly storage: Pick<Storage, "trash">;
  /**
   * Checked before bytes with a row are removed.
   *
   * @throws if the database may be an older one that does not know all files
   */
  readonly assertMayRemove: () => Promise<void>;
}

export interface PurgeOptions extends RunOptions {
  /** The company whose files are purged; all companies without it. */
  readonly companyId?: string | undefined;
  /** In a dry run: ids of resources that a real run would have purged before, so that their usages do not count. */
  readonly released?: readonly string[] | undefined;
  /** Checked in the transaction of each file before it is purged. An error ends the purge. */
  readonly permit?: ((tx: Database) => Promise<void>) | undefined;
  /** Called for each file that has been purged, or in a dry run would be. Not called for earlier versions. */
  readonly onPurged?: ((id: string) => void) | undefined;
}

const NOTHING: PurgeReport = { files: 0, blobs: 0, bytes: 0 };

/**
 * Purges all files that are due, each with its earlier versions, their variants, and the bytes that nothing else uses.
 * `assertMayRemove` is called before the first.
 *
 * @throws SERVICE_UNAVAILABLE if nothing may be removed now
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
 * Purges one file with its earlier versions and the bytes that nothing else uses. Safe against concurrent changes (a
 * new usage, a restore, an upload of the same bytes, a rendering). Rows first, bytes after: if the process dies in
 * between, the sweep finds the bytes. Bytes go to the trash like swept ones: in a wrong database newer rows may share
 * them. The caller has called `assertMayRemove`.
 *
 * @returns zeros if the file is kept: it is not due any more, or something refers to it
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
      // A company that is purged has no subscribers, and takes its audit log along.
      if (reason.kind !== "company purged") {
        recordFileEvents(tx, companyId, "file.purged", [id]);
        await auditPurgedFile(tx, { id, companyId }, reason.kind);
      }
      for (const blobId of blobIds) {
        const objects = await purgeUnusedBlob(tx, blobId);
        if (objects.length > 0) blobs += 1;
        freed.push(...objects);
      }
      if (blobs > 0) await releaseStorage(tx, companyId);
      return { files: family.length, blobs, freed };
    }),
  );
  if (purged === null) return NOTHING;
  await storage.trash.put(purged.freed.map((object) => object.key));
  const bytes = purged.freed.reduce((total, object) => total + object.size, 0);
  return { files: purged.files, blobs: purged.blobs, bytes };
}

/** The ids of files that are due, read page by page; files that are kept are skipped. */
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

/** Tries the purge of a file and rolls it back, so that a dry run respects what keeps a file. */
async function canPurge(db: Database, id: string, reason: PurgeReason): Promise<boolean> {
  // What refers to a deleted file, or to a file of a purged company, is purged just before it.
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
    // A row of a higher module, such as a deleted attachment, still refers to the file; or the purge deadlocked with an
    // upload of the same files. The next run tries again.
    if (isForeignKeyViolation(error) || isDeadlock(error)) return null;
    throw error;
  }
}

export const sumOfPurges = (reports: readonly PurgeReport[]): PurgeReport => ({
  files: reports.reduce((total, report) => total + report.files, 0),
  blobs: reports.reduce((total, report) => total + report.blobs, 0),
  bytes: reports.reduce((total, report) => total + report.bytes, 0),
});
