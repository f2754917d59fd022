import type { RunOptions } from "../../../kernel/run-options.js";
import type { Database } from "../../../platform/database/client.js";
import { areRemovalsHeld } from "../../../platform/database/removal-hold.js";
import { isStagedSegment } from "../../../platform/storage/segments.js";
import type { Storage, StoredObject } from "../../../platform/storage/storage.js";
import { listReferencedKeys } from "./sweep.repository.js";

export interface SweepOptions extends RunOptions {
  /** Called for each object that is removed, or in a dry run would be. */
  readonly onRemoved?: ((object: { readonly key: string; readonly size: number }) => void) | undefined;
  /**
   * Sweeps even if so much would be removed that the database is probably the wrong one: an operator has checked it.
   */
  readonly evenMany?: boolean | undefined;
}

export interface SweepRules {
  /** Younger bytes are kept: their rows may not be committed yet. */
  readonly storedBefore: Date;
  /** Objects that were moved to the trash earlier are removed for good. */
  readonly trashedBefore: Date;
  /**
   * A sweep is refused if it would remove more than both limits: this number of objects and this share of all objects.
   */
  readonly mostFiles: number;
  readonly mostPercent: number;
}

export interface SweepReport {
  readonly seen: number;
  /** Moved to the trash. */
  readonly removed: number;
  readonly removedBytes: number;
  /** Restored from the trash, because a row refers to them. */
  readonly restored: number;
  /** Removed from the trash for good. */
  readonly emptied: number;
}

interface SweepDeps {
  readonly db: Database;
  readonly storage: Storage;
}

const AT_ONCE = 1_000;
/** The rest is left to the next run, so that memory stays bounded. */
const MOST_AT_ONCE = 200_000;
/**
 * A small installation may have this many files left from killed uploads; more than this, and more than half of all
 * files, means a wrong database.
 */
const FEW = 10;

/** So much would be removed that the database is probably the wrong one. */
export class SweepRefused extends Error {}

/**
 * Removes bytes without a row: those left by a process that was killed between storing and recording, or between
 * purging rows and bytes. They are moved to the trash first, and restored from there if a row refers to them after all,
 * as when the right dump is restored after a wrong one. Everything is collected before anything is moved, so that a
 * wrong database is detected first.
 *
 * @throws SweepRefused
 */
export async function sweepStorage(
  deps: SweepDeps,
  rules: SweepRules,
  options: SweepOptions = {},
): Promise<SweepReport> {
  const { dryRun = false, onRemoved, evenMany = false, signal } = options;
  const restored = await restoreWanted(deps, options);
  const found = await collectStrays(deps, rules, options);
  if (!evenMany) refuseTooMany(found, rules);
  // Only after the check: with a wrong database, the trash may hold the last copy.
  const emptied = await emptyTrash(deps, rules, options);
  let removed = 0;
  let removedBytes = 0;
  for (let from = 0; from < found.strays.length; from += AT_ONCE) {
    signal?.throwIfAborted();
    // Checked again: the collection of a large storage takes long.
    const strays = await withoutRow(deps, found.strays.slice(from, from + AT_ONCE));
    if (!dryRun) await deps.storage.trash.put(strays.map(({ key }) => key));
    for (const { key, size } of strays) onRemoved?.({ key, size });
    removed += strays.length;
    removedBytes += strays.reduce((sum, { size }) => sum + size, 0);
  }
  return { seen: found.seen, removed, removedBytes, restored, emptied };
}

interface Collected {
  readonly seen: number;
  /** How many have no row and are old enough; `strays` are the first of them. */
  readonly count: number;
  readonly strays: readonly StoredObject[];
}

async function collectStrays(
  deps: SweepDeps,
  { storedBefore }: SweepRules,
  { onProgress, signal }: SweepOptions,
): Promise<Collected> {
  const strays: StoredObject[] = [];
  let seen = 0;
  let count = 0;
  for await (const page of pagesOf(deps.storage.walk())) {
    signal?.throwIfAborted();
    const unknown = await withoutRow(deps, page);
    const old = unknown.filter(({ modifiedAt }) => modifiedAt < storedBefore);
    seen += page.length;
    count += old.length;
    strays.push(...old.slice(0, MOST_AT_ONCE - strays.length));
    onProgress?.({ done: seen, total: null });
  }
  return { seen, count, strays };
}

function refuseTooMany({ seen, count }: Collected, { mostFiles, mostPercent }: SweepRules): void {
  const isMuch = count > mostFiles && count * 100 > seen * mostPercent;
  const isMost = count > FEW && count * 2 > seen;
  if (!isMuch && !isMost) return;
  throw new SweepRefused(
    `${count} of ${seen} stored files have no record in the database. That is more than a sweep removes by itself: ` +
      "the database may be the wrong one, or restored only in part. Nothing has been removed. Check DATABASE_URL and " +
      "FILEDESK_DATA. To see the files, run: filedesk sweep --dry-run --even-many --verbose. " +
      "To move them to the trash, where they stay for SWEEP_TRASH_DAYS, run: filedesk sweep --even-many",
  );
}

/** Restores from the trash what a row refers to. @returns how many */
async function restoreWanted(deps: SweepDeps, { dryRun = false, signal }: SweepOptions): Promise<number> {
  const { trash } = deps.storage;
  let restored = 0;
  for await (const page of pagesOf(trash.walk())) {
    signal?.throwIfAborted();
    const unknown = new Set((await withoutRow(deps, page)).map(({ key }) => key));
    const wanted = page.filter(({ key }) => !unknown.has(key)).map(({ key }) => key);
    if (!dryRun) await trash.restore(wanted);
    restored += wanted.length;
  }
  return restored;
}

/**
 * Removes for good what has been in the trash long enough and has no row; during a backup, nothing. @returns how many
 */
async function emptyTrash(
  deps: SweepDeps,
  { trashedBefore }: SweepRules,
  { dryRun = false, signal }: SweepOptions,
): Promise<number> {
  const { trash } = deps.storage;
  if (await areRemovalsHeld(deps.db)) return 0;
  let emptied = 0;
  for await (const page of pagesOf(trash.walk())) {
    signal?.throwIfAborted();
    const old = await withoutRow(
      deps,
      page.filter(({ modifiedAt }) => modifiedAt < trashedBefore),
    );
    if (!dryRun) await trash.delete(old.map(({ key }) => key));
    emptied += old.length;
  }
  return emptied;
}

async function withoutRow<Stored extends StoredObject>(
  { db }: SweepDeps,
  objects: readonly Stored[],
): Promise<Stored[]> {
  const keys = objects.map(({ key }) => key);
  const referenced = await listReferencedKeys(db, keys);
  // Bytes of uploads that are arriving have a sweep of their own.
  return objects.filter(({ key }) => !referenced.has(key) && !isStagedSegment(key));
}

async function* pagesOf(objects: AsyncIterable<StoredObject>): AsyncGenerator<StoredObject[]> {
  let page: StoredObject[] = [];
  for await (const object of objects) {
    page.push(object);
    if (page.length < AT_ONCE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
