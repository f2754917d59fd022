import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../../kernel/errno.js";
import type { RunOptions } from "../../kernel/run-options.js";

export interface TempSweepReport {
  readonly removed: number;
  readonly removedBytes: number;
}

/** Removes temp files below a folder that have not been written since a moment: the remains of unfinished uploads. */
export async function sweepTempFiles(
  folder: string,
  writtenBefore: Date,
  { dryRun = false, onProgress, signal }: RunOptions = {},
): Promise<TempSweepReport> {
  let report: TempSweepReport = { removed: 0, removedBytes: 0 };
  let done = 0;
  for (const path of await filesBelow(folder)) {
    signal?.throwIfAborted();
    const found = await unlessGone(stat(path));
    if (found && found.mtime < writtenBefore) {
      if (!dryRun) await rm(path, { force: true });
      report = { removed: report.removed + 1, removedBytes: report.removedBytes + found.size };
    }
    done += 1;
    onProgress?.({ done, total: null });
  }
  return report;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await unlessGone(readdir(folder, { recursive: true, withFileTypes: true }));
  return (entries ?? []).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Null if the file or folder no longer exists, because an upload has ended meanwhile. */
async function unlessGone<Result>(found: Promise<Result>): Promise<Result | null> {
  try {
    return await found;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}
