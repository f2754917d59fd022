import { MIB } from "../../../../kernel/bytes.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";

/** [MS-CFB] §2.2–2.6 */
const SIGNATURE = Buffer.from("d0cf11e0a1b11ae1", "hex");
const HEADER_BYTES = 512;
const HEADER_DIFAT_ENTRIES = 109;
const ENTRY_BYTES = 128;
const NO_STREAM = 0xffffffff;
const MAX_REGULAR_SECTOR = 0xfffffffa;
const MAX_FAT_BYTES = 16 * MIB;
const MAX_ENTRIES = 65_536;
const STORAGE = 1;
const STREAM = 2;
const ROOT = 5;

export interface CompoundEntry {
  /** In lower case: names are compared case-insensitively. */
  readonly name: string;
  readonly kind: "storage" | "stream";
}

export interface CompoundFile {
  /** Every storage and stream, at any depth. */
  readonly entries: readonly CompoundEntry[];
  /** Those directly in the root. */
  readonly rootEntries: readonly CompoundEntry[];
}

export const isCompoundFile = (head: Buffer): boolean => head.subarray(0, 8).equals(SIGNATURE);

interface DirectoryRecord extends CompoundEntry {
  readonly type: number;
  readonly left: number;
  readonly right: number;
  readonly child: number;
  /** For a stream, its first sector and its size. For the root, those of the stream that holds all short streams. */
  readonly start: number;
  readonly size: number;
}

interface Sectors {
  readonly sectorBytes: number;
  /** The number of sectors; the last one may be incomplete. */
  readonly count: number;
  /** One sector, valid until the next read. */
  read(id: number): Promise<Buffer>;
  contains(id: number): boolean;
}

/**
 * Reads the directory of an OLE compound file ([MS-CFB]), the container of legacy Office documents. Chains and tables
 * are at most as long as the file, so that a circular chain is an error and not an endless loop.
 *
 * @throws CORRUPT_FILE
 */
export async function readCompoundFile(bytes: FileBytes): Promise<CompoundFile> {
  const header = Buffer.from(await bytes.read(0, HEADER_BYTES));
  const sectorBytes = 2 ** (header.length < HEADER_BYTES ? 0 : header.readUInt16LE(30));
  if (sectorBytes !== 512 && sectorBytes !== 4096) throw broken("its header is damaged");
  const sectors = sectorsOf(bytes, sectorBytes);
  const fat = await readFat(header, sectors);
  const records = await readDirectory(header, sectors, fat);
  refuseMissing(records, header, { sectors, fat });
  return {
    entries: records.filter((record) => record.type === STORAGE || record.type === STREAM),
    rootEntries: inRoot(records),
  };
}

const broken = (why: string) => corruptFile(`the document's container is broken: ${why}`);

function sectorsOf(bytes: FileBytes, sectorBytes: number): Sectors {
  const contains = (id: number) => id < MAX_REGULAR_SECTOR && (id + 1) * sectorBytes < bytes.size;
  return {
    sectorBytes,
    count: Math.ceil(bytes.size / sectorBytes) - 1,
    contains,
    async read(id) {
      if (!contains(id)) throw broken("it ends too early");
      return bytes.read((id + 1) * sectorBytes, sectorBytes);
    },
  };
}

/** The sector allocation table: for each sector the next one. Its own sectors are listed in the DIFAT. */
async function readFat(header: Buffer, sectors: Sectors): Promise<Buffer> {
  const count = header.readUInt32LE(44);
  if (count > sectors.count || count * sectors.sectorBytes > MAX_FAT_BYTES)
    throw broken("its allocation table is too large");
  const ids = readIds(header.subarray(HEADER_BYTES - 4 * HEADER_DIFAT_ENTRIES));
  for (let next = header.readUInt32LE(68); ids.length < count; ) {
    const sector = readIds(await sectors.read(next));
    next = sector.pop() ?? NO_STREAM;
    ids.push(...sector);
  }
  const parts: Buffer[] = [];
  for (const id of ids.slice(0, count)) parts.push(Buffer.from(await sectors.read(id)));
  return Buffer.concat(parts);
}

/**
 * Follows each stream from the directory. Entries of unused sectors are not checked, as writers pad the table in
 * different ways. All streams together are at most as long as the file, which bounds the work.
 */
function refuseMissing(
  records: readonly DirectoryRecord[],
  header: Buffer,
  { sectors, fat }: { readonly sectors: Sectors; readonly fat: Buffer },
): void {
  const inMiniStream = header.readUInt32LE(56);
  let left = sectors.count;
  for (const { type, start, size } of records) {
    const isStream = type === ROOT || (type === STREAM && size >= inMiniStream);
    const wanted = isStream ? Math.ceil(size / sectors.sectorBytes) : 0;
    left -= wanted;
    if (left < 0 || (wanted > 0 && !reaches(chain(fat, sectors, start), wanted)))
      throw broken("it ends too early");
  }
}

function reaches(sectors: Iterable<number>, wanted: number): boolean {
  let found = 0;
  for (const _ of sectors) if (++found === wanted) return true;
  return false;
}

const readIds = (part: Buffer) =>
  Array.from({ length: part.length >> 2 }, (_, index) => part.readUInt32LE(index * 4));

/** A chain that is longer than the file is circular. */
function* chain(fat: Buffer, sectors: Sectors, start: number): Generator<number> {
  let left = sectors.count;
  for (let id = start; id < MAX_REGULAR_SECTOR; id = fat.readUInt32LE(id * 4)) {
    if (!sectors.contains(id) || id * 4 >= fat.length) throw broken("it ends too early");
    if (--left < 0) throw broken("its sectors run in a circle");
    yield id;
  }
}

async function readDirectory(header: Buffer, sectors: Sectors, fat: Buffer): Promise<DirectoryRecord[]> {
  const records: DirectoryRecord[] = [];
  for (const id of chain(fat, sectors, header.readUInt32LE(48))) {
    const sector = await sectors.read(id);
    for (let at = 0; at + ENTRY_BYTES <= sector.length; at += ENTRY_BYTES)
      records.push(readRecord(sector.subarray(at, at + ENTRY_BYTES)));
    if (records.length > MAX_ENTRIES) throw broken("its directory is too large");
  }
  if (records[0]?.type !== ROOT) throw broken("it has no root");
  return records;
}

function readRecord(entry: Buffer): DirectoryRecord {
  const nameBytes = Math.min(64, Math.max(2, entry.readUInt16LE(64))) - 2;
  const type = entry.readUInt8(66);
  return {
    name: entry.toString("utf16le", 0, nameBytes).toLowerCase(),
    kind: type === STREAM ? "stream" : "storage",
    type,
    left: entry.readUInt32LE(68),
    right: entry.readUInt32LE(72),
    child: entry.readUInt32LE(76),
    start: entry.readUInt32LE(116),
    // The upper half is ignored in files with short sectors: old programs left arbitrary values in it.
    size: entry.readUInt32LE(120),
  };
}

/** Siblings form a tree; each entry is visited once, whatever the links are. */
function inRoot(records: readonly DirectoryRecord[]): CompoundEntry[] {
  const found = new Set<DirectoryRecord>();
  const open = [records[0]?.child ?? NO_STREAM];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const record = records[id];
    if (record === undefined || record.type === 0 || found.has(record)) continue;
    found.add(record);
    open.push(record.left, record.right);
  }
  return [...found];
}
