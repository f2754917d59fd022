import type { RunOptions } from "../../../kernel/run-options.js";
import type { FindingOptions } from "./finding.js";
import { reportFinding } from "./finding.js";
import type { MovedObject, MoveObjectDeps } from "./move-object.js";
import { moveObject } from "./move-object.js";
import type { RecordedFile, UnfinishedUploadDeps } from "./recorded-files.js";
import {
  countRecordedFiles,
  countUnfinishedUploads,
  isStillRecorded,
  recordedFiles,
} from "./recorded-files.js";

export type MoveFilesDeps = MoveObjectDeps & UnfinishedUploadDeps;

export interface MoveFilesOptions extends RunOptions, FindingOptions {
  /** Whether files are removed from the old storage when they have been read from the new one and compared. */
  readonly deleteOld?: boolean | undefined;
}

export interface MoveReport {
  /** Files and variants; in a dry run, those that would be moved. */
  readonly moved: number;
  readonly movedBytes: number;
  readonly alreadyThere: number;
  /** In neither storage. */
  readonly missing: number;
  /** Their bytes in the old storage are not the recorded ones: not moved. */
  readonly altered: number;
  /** The old storage fails to read them: not moved. */
  readonly unreadable: number;
  /** Removed from the old storage. */
  readonly removed: number;
  /** Uploads that are arriving in the old storage: they are finished there. */
  readonly unfinishedUploads: number;
}

type Counts = { -readonly [Field in keyof MoveReport]: number };

const AT_ONCE = 8;
const FINDINGS = { MISSING: "missing", ALTERED: "altered", UNREADABLE: "unreadable" } as const;

/**
 * Moves the bytes of every file and variant from one storage to the other, while servers use both. Passes are repeated
 * until one finds nothing to move, because a server with earlier settings may have stored something meanwhile. May be
 * interrupted at any moment; the next run continues.
 *
 * @throws StorageFault if a storage is unavailable
 */
export async function moveFiles(deps: MoveFilesDeps, options: MoveFilesOptions = {}): Promise<MoveReport> {
  let total: Counts | null = null;
  for (;;) {
    const pass = await runPass(deps, options);
    total = total === null ? pass : sumOfPasses(total, pass);
    if (options.dryRun || pass.moved === 0) break;
  }
  return { ...total, unfinishedUploads: await countUnfinishedUploads(deps) };
}

/** What is wrong, and what was there before, is seen by each pass again. */
const sumOfPasses = (before: Counts, pass: Counts): Counts => ({
  ...pass,
  moved: before.moved + pass.moved,
  movedBytes: before.movedBytes + pass.movedBytes,
  removed: before.removed + pass.removed,
  alreadyThere: before.alreadyThere,
});

async function runPass(deps: MoveFilesDeps, options: MoveFilesOptions): Promise<Counts> {
  const { onProgress, signal } = options;
  const counts: Counts = {
    moved: 0,
    movedBytes: 0,
    alreadyThere: 0,
    missing: 0,
    altered: 0,
    unreadable: 0,
    removed: 0,
    unfinishedUploads: 0,
  };
  const total = await countRecordedFiles(deps.db);
  let done = 0;
  await severalAtOnce(recordedFiles(deps.db), async (file) => {
    signal?.throwIfAborted();
    await moveOne(deps, file, { options, counts });
    done += 1;
    onProgress?.({ done, total: Math.max(total, done) });
  });
  return counts;
}

interface Pass {
  readonly options: MoveFilesOptions;
  readonly counts: Counts;
}

async function moveOne(deps: MoveFilesDeps, file: RecordedFile, { options, counts }: Pass): Promise<void> {
  const { outcome, isRemoved } = await moveObject(deps, file, options);
  if (isRemoved) counts.removed += 1;
  if (outcome === "MOVED") {
    counts.moved += 1;
    counts.movedBytes += file.size;
  } else if (outcome === "ALREADY_THERE") counts.alreadyThere += 1;
  else await countFinding(deps, { file, finding: outcome }, { options, counts });
}

interface Found {
  readonly file: RecordedFile;
  readonly finding: Exclude<MovedObject["outcome"], "MOVED" | "ALREADY_THERE">;
}

async function countFinding(
  { db }: MoveFilesDeps,
  { file, finding }: Found,
  { options, counts }: Pass,
): Promise<void> {
  // Purged meanwhile, or stored anew under another key.
  if (!(await isStillRecorded(db, file))) return;
  counts[FINDINGS[finding]] += 1;
  const { blobId, companyId, storageKey, size, variant } = file;
  const bytes = { id: blobId, companyId, storageKey, size, ...(variant !== undefined && { variant }) };
  await reportFinding(db, options, bytes, finding);
}

/** The first failure ends it, when what has begun is done. */
async function severalAtOnce<Item>(
  items: AsyncGenerator<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let hasFailed = false;
  const take = async () => {
    while (!hasFailed) {
      const next = await items.next();
      if (next.done) return;
      await work(next.value);
    }
  };
  const takers = Array.from({ length: AT_ONCE }, () =>
    take().catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  const ends = await Promise.allSettled(takers);
  await items.return(undefined);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
