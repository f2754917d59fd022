import type { Readable } from "node:stream";
import { mapInOrder } from "../../kernel/map-in-order.js";
import type { RunOptions } from "../../kernel/run-options.js";
import type { FindingOptions, IntegrityFinding } from "../../modules/media/upkeep/finding.js";
import { reportFinding } from "../../modules/media/upkeep/finding.js";
import type { Database } from "../../platform/database/client.js";
import type { Storage } from "../../platform/storage/storage.js";
import { ObjectNotFound } from "../../platform/storage/storage.js";
import type { BackupFolder, WrittenFile } from "./backup-folder.js";
import { compress, linesOf, readCompressed } from "./compression.js";
import type { ListedFile, RecordedBytes } from "./file-list.js";
import { objectOf, recordedBytes } from "./file-list.js";
import type { SavedDatabase } from "./save-database.js";

export interface SaveFilesDeps {
  readonly db: Database;
  readonly storage: Pick<Storage, "get" | "trash" | "check">;
  readonly folder: BackupFolder;
}

export interface FilesReport {
  /** Keys with bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly copied: number;
  readonly copiedBytes: number;
  readonly alreadyThere: number;
  readonly missing: number;
  readonly altered: number;
  readonly unreadable: number;
}

type Finding = IntegrityFinding["finding"];
type Saved = "COPIED" | "ALREADY_THERE" | Finding;
type Counts = { -readonly [Field in keyof FilesReport]: number };

const AT_ONCE = 8;
/** Bytes may be moved to the trash, and back, while they are looked for. */
const ATTEMPTS = 3;
const COUNTED = { MISSING: "missing", ALTERED: "altered", UNREADABLE: "unreadable" } as const;

/**
 * Saves the bytes that the snapshot names, unless the backup has them already: under their hash, with which they are
 * compared. What the storage has lost or changed is reported and noted in the list.
 *
 * @param file where the list goes
 * @throws StorageFault if the storage is unavailable
 */
export async function saveFiles(
  deps: SaveFilesDeps,
  { recorded, file }: Pick<SavedDatabase, "recorded"> & { readonly file: string },
  options: RunOptions & FindingOptions,
): Promise<FilesReport & { readonly list: WrittenFile }> {
  const counts: Counts = {
    files: 0,
    bytes: 0,
    copied: 0,
    copiedBytes: 0,
    alreadyThere: 0,
    missing: 0,
    altered: 0,
    unreadable: 0,
  };
  const { onProgress, signal } = options;
  const groups = recordedBytes(linesOf(readCompressed(deps.folder, recorded)));
  const work = async (group: RecordedBytes) => {
    signal?.throwIfAborted();
    return { group, saved: await save(deps, group, signal) };
  };
  async function* listed(): AsyncGenerator<Buffer> {
    let done = 0;
    for await (const { group, saved } of mapInOrder(groups, AT_ONCE, work)) {
      count(counts, group, saved);
      const lacks = isFinding(saved) ? saved : undefined;
      if (lacks !== undefined) await report(deps.db, group, lacks, options);
      yield linesOfGroup(group, lacks);
      done += group.files.length;
      onProgress?.({ done, total: recorded.rows });
    }
  }
  const list = await deps.folder.write(file, compress(listed()));
  return { ...counts, list };
}

const isFinding = (saved: Saved): saved is Finding => saved in COUNTED;

function count(counts: Counts, { size, files }: RecordedBytes, saved: Saved): void {
  if (isFinding(saved)) {
    counts[COUNTED[saved]] += files.length;
    return;
  }
  counts.files += files.length;
  counts.bytes += size * files.length;
  if (saved === "ALREADY_THERE") counts.alreadyThere += 1;
  else {
    counts.copied += 1;
    counts.copiedBytes += size;
  }
}

async function report(
  db: Database,
  { files }: RecordedBytes,
  finding: Finding,
  options: FindingOptions,
): Promise<void> {
  for (const { blobId, companyId, storageKey, size, variant } of files) {
    const bytes = { id: blobId, companyId, storageKey, size, ...(variant !== undefined && { variant }) };
    await reportFinding(db, options, bytes, finding);
  }
}

function linesOfGroup({ sha256, size, files }: RecordedBytes, lacks: Finding | undefined): Buffer {
  const lines = files.map(({ storageKey: key }) => {
    const line: ListedFile = { sha256, size, key, ...(lacks !== undefined && { lacks }) };
    return `${JSON.stringify(line)}\n`;
  });
  return Buffer.from(lines.join(""));
}

/** Equal bytes of several companies are recorded under several keys: any of them will do. */
async function save(
  deps: SaveFilesDeps,
  { sha256, size, files }: RecordedBytes,
  signal: AbortSignal | undefined,
): Promise<Saved> {
  if ((await deps.folder.sizeOf(objectOf(sha256))) === size) return "ALREADY_THERE";
  let saved: Saved = "MISSING";
  for (const { storageKey } of files) {
    saved = await copy(deps, { sha256, storageKey }, signal);
    if (saved === "COPIED") break;
  }
  return saved;
}

/** The storage has failed to read an object. */
class SourceFault extends Error {}

async function copy(
  { storage, folder }: SaveFilesDeps,
  { sha256, storageKey }: { readonly sha256: string; readonly storageKey: string },
  signal: AbortSignal | undefined,
): Promise<Exclude<Saved, "ALREADY_THERE">> {
  for (let attempt = 1; ; attempt++)
    try {
      const chunks = chunksOf(storage, storageKey, signal);
      return (await folder.writeIf(sha256, objectOf(sha256), chunks)) ? "COPIED" : "ALTERED";
    } catch (error) {
      if (error instanceof ObjectNotFound) {
        if (attempt < ATTEMPTS) continue;
        return "MISSING";
      }
      if (!(error instanceof SourceFault)) throw error;
      // If the storage is unavailable, it is not this object's fault.
      await storage.check();
      return "UNREADABLE";
    }
}

async function* chunksOf(
  storage: SaveFilesDeps["storage"],
  key: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let source: Readable;
  try {
    source = await storage.get(key);
  } catch (error) {
    if (!(error instanceof ObjectNotFound)) throw error;
    // Removed since the snapshot.
    source = await storage.trash.get(key);
  }
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ObjectNotFound || signal?.aborted) throw error;
    throw new SourceFault("unreadable", { cause: error });
  }
}
