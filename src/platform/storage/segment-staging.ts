import { Readable } from "node:stream";
import { MIB } from "../../kernel/bytes.js";
import type { StagingArea, StagingSweepOptions, StagingSweepReport, StagingWriter } from "./staging-area.js";
import type { Storage, StoredObject } from "./storage.js";
import { createTempFile } from "./temp-file.js";
import { ownTempFolder } from "./temp-folder.js";

const PREFIX = "staging/";
/** The most that is held in memory before it is stored. */
const SEGMENT_BYTES = 8 * MIB;
/** So that keys are ordered as numbers. */
const OFFSET_DIGITS = 16;
const PAGE = 1_000;

/** Where the bytes of a direct upload are when they are complete: the only segment of the upload. */
export const onlySegmentKey = (name: string): string => keyOf(name, 0);

/** Whether an object is a segment of an upload that is arriving, which is not known by a row of its own. */
export const isStagedSegment = (key: string): boolean => key.startsWith(PREFIX);

/** The name of the upload of which an object is a segment. */
export const stagedNameOf = (key: string): string => key.split("/")[1] ?? "";

export interface SegmentStagingDeps {
  readonly storage: Pick<Storage, "put" | "get" | "list" | "delete">;
  /** The local folder in which complete uploads are put together, to be checked. */
  readonly tempRoot: string;
}

/**
 * A staging area in a storage whose objects cannot grow: an upload is a row of objects, each named by its offset. An
 * object holds whatever has arrived between two syncs.
 */
export function createSegmentStaging({ storage, tempRoot }: SegmentStagingDeps): StagingArea {
  const segmentsOf = async (name: string): Promise<StoredObject[]> => {
    const segments: StoredObject[] = [];
    for await (const object of listAll(storage, `${PREFIX}${name}/`)) segments.push(object);
    return segments;
  };
  return {
    has: async (name) => (await storage.list(`${PREFIX}${name}/`)).length > 0,
    async continueAt(name, offset) {
      const segments = await segmentsOf(name);
      const surplus = segments.filter(({ key }) => offsetOf(key) >= offset);
      await storage.delete(surplus.map(({ key }) => key));
      return createWriter(storage, name, offset);
    },
    async toFile(name, size) {
      const segments = await segmentsOf(name);
      if (!fits(segments, size)) return null;
      const temp = createTempFile(ownTempFolder(tempRoot));
      try {
        for (const { key, size: expected } of segments)
          for await (const chunk of await storage.get(key, undefined, expected)) await temp.write(chunk);
        await temp.close();
        return temp;
      } catch (error) {
        await temp[Symbol.asyncDispose]();
        throw error;
      }
    },
    async remove(names) {
      for (const name of names) await storage.delete((await segmentsOf(name)).map(({ key }) => key));
    },
    sweep: (options) => sweepSegments(storage, options),
  };
}

function createWriter(storage: SegmentStagingDeps["storage"], name: string, offset: number): StagingWriter {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let durable = offset;
  const store = async (): Promise<void> => {
    if (bytes === 0) return;
    const [segment, length, at] = [chunks, bytes, durable];
    [chunks, bytes] = [[], 0];
    await storage.put(keyOf(name, at), Readable.from(segment));
    durable = at + length;
  };
  return {
    async write(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= SEGMENT_BYTES) await store();
    },
    async sync() {
      await store();
      return durable;
    },
    async close() {},
  };
}

const keyOf = (name: string, offset: number): string =>
  `${PREFIX}${name}/${String(offset).padStart(OFFSET_DIGITS, "0")}`;

const offsetOf = (key: string): number => Number(key.slice(key.lastIndexOf("/") + 1));

/** Whether the segments follow one another without a gap, up to the size. */
function fits(segments: readonly StoredObject[], size: number): boolean {
  let end = 0;
  for (const segment of segments) {
    if (offsetOf(segment.key) !== end) return false;
    end += segment.size;
  }
  return end === size;
}

async function* listAll(
  storage: Pick<Storage, "list">,
  prefix: string,
): AsyncGenerator<StoredObject, void, undefined> {
  for (let after: string | undefined; ; ) {
    const page = await storage.list(prefix, after);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.key;
  }
}

/** Names are looked up once each: their segments are listed one after the other. */
async function sweepSegments(
  storage: Pick<Storage, "list" | "delete">,
  { writtenBefore, kept, dryRun = false, onProgress, signal }: StagingSweepOptions,
): Promise<StagingSweepReport> {
  let report: StagingSweepReport = { removed: 0, removedBytes: 0 };
  let seen = 0;
  let last = { name: "", isKept: false };
  for await (const { key, size, modifiedAt } of listAll(storage, PREFIX)) {
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
