import type { IntegrityFinding } from "../../modules/media/upkeep/finding.js";
import type { RecordedFile } from "../../modules/media/upkeep/recorded-files.js";
import type { BackupReading, WrittenFile } from "./backup-folder.js";
import { linesOf, readCompressed } from "./compression.js";

/** Bytes, and all keys under which they are recorded. */
export interface RecordedBytes {
  readonly sha256: string;
  readonly size: number;
  readonly files: readonly RecordedFile[];
}

/** A line of a backup's list: bytes, and the key under which they are restored. */
export interface ListedFile {
  readonly sha256: string;
  readonly size: number;
  readonly key: string;
  /** Why the backup does not have them; left out if it does. */
  readonly lacks?: IntegrityFinding["finding"];
}

/** Bytes of a backup, and the keys under which they are restored. */
export interface ListedBytes {
  readonly sha256: string;
  readonly size: number;
  readonly keys: readonly string[];
  readonly lacks?: IntegrityFinding["finding"] | undefined;
}

/** Where the bytes with a hash are in a backup. */
export const objectOf = (sha256: string): string => `${OBJECTS}/${sha256.slice(0, 2)}/${sha256}`;

export const OBJECTS = "files";

/** Null in the text format of COPY. */
const NULL = "\\N";

/** Parses the rows of `recordedFilesQuery`, in their order. */
export async function* recordedBytes(lines: AsyncIterable<string>): AsyncGenerator<RecordedBytes> {
  const files = (async function* () {
    for await (const line of lines) yield parseRow(line);
  })();
  for await (const group of groupsOf(files)) {
    const [{ sha256, size }] = group;
    yield { sha256, size, files: group };
  }
}

function parseRow(line: string): RecordedFile {
  const [sha256 = "", size, storageKey = "", companyId = "", blobId = "", variant = NULL] = line.split("\t");
  const file = { sha256, size: Number(size), storageKey, companyId, blobId };
  return variant === NULL ? file : { ...file, variant };
}

/** The list of a backup. @throws DamagedBackup */
export async function* listedBytes(folder: BackupReading, list: WrittenFile): AsyncGenerator<ListedBytes> {
  const files = (async function* () {
    for await (const line of linesOf(readCompressed(folder, list))) yield JSON.parse(line) as ListedFile;
  })();
  for await (const group of groupsOf(files)) {
    const [{ sha256, size, lacks }] = group;
    yield { sha256, size, lacks, keys: group.map(({ key }) => key) };
  }
}

/** Neighbours with one hash together. */
async function* groupsOf<Item extends { readonly sha256: string }>(
  items: AsyncIterable<Item>,
): AsyncGenerator<[Item, ...Item[]]> {
  let group: [Item, ...Item[]] | null = null;
  for await (const item of items) {
    if (group?.[0].sha256 === item.sha256) {
      group.push(item);
      continue;
    }
    if (group) yield group;
    group = [item];
  }
  if (group) yield group;
}
