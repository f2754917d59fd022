import { Readable } from "node:stream";
import { continueSegments } from "./segment-writer.js";
import type { Segment } from "./segments.js";
import { listAllSegments, listSegments, readSegments, stagedNameOf, withoutCovered } from "./segments.js";
import type { StagingArea, StagingSweepOptions, StagingSweepReport } from "./staging-area.js";
import type { Storage } from "./storage.js";
import { createTempFile } from "./temp-file.js";
import { ownTempFolder } from "./temp-folder.js";

export interface SegmentStagingDeps {
  readonly storage: Pick<Storage, "put" | "get" | "list" | "delete">;
  /** The local folder in which complete uploads are put together. */
  readonly tempRoot: string;
}

/** A staging area in a storage whose objects cannot grow: an upload is a row of objects, each named by its offset. */
export function createSegmentStaging({ storage, tempRoot }: SegmentStagingDeps): StagingArea {
  return {
    has: async (name) => (await listSegments(storage, name)).length > 0,
    continueAt: (name, offset) => continueSegments(storage, name, offset),
    async open(name, size) {
      const segments = withoutCovered(await listSegments(storage, name));
      if (!fits(segments, size)) return null;
      const temp = createTempFile(ownTempFolder(tempRoot));
      return {
        temp,
        read: () => Readable.from(readSegments(storage, segments)),
        [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
      };
    },
    async remove(names) {
      for (const name of names)
        await storage.delete((await listSegments(storage, name)).map(({ key }) => key));
    },
    sweep: (options) => sweepSegments(storage, options),
  };
}

/** Whether the segments follow one another without a gap, up to the size. */
function fits(segments: readonly Segment[], size: number): boolean {
  let reached = 0;
  for (const { start, end } of segments) {
    if (start !== reached) return false;
    reached = end;
  }
  return reached === size;
}

/** Names are looked up once each: their segments are listed one after the other. */
async function sweepSegments(
  storage: Pick<Storage, "list" | "delete">,
  { writtenBefore, kept, dryRun = false, onProgress, signal }: StagingSweepOptions,
): Promise<StagingSweepReport> {
  let report: StagingSweepReport = { removed: 0, removedBytes: 0 };
  let seen = 0;
  let last = { name: "", isKept: false };
  for await (const { key, size, modifiedAt } of listAllSegments(storage)) {
    signal?.throwIfAborted();
    seen += 1;
    const name = stagedNameOf(key);
    if (name !== last.name) last = { name, isKept: (await kept([name])).has(name) };
    onProgress?.({ done: seen, total: null });
    if (last.isKept || modifiedAt >= writtenBefore) continue;
    if (!dryRun) await storage.delete([key]);
    report = { removed: report.removed + 1, removedBytes: report.removedBytes + size };
  }
  return report;
}
