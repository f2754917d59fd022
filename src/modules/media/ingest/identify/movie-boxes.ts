import { MIB } from "../../../../kernel/bytes.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { WINDOW_BYTES } from "../receive/file-bytes.js";

/** A box at the top of an MP4 or QuickTime file (ISO/IEC 14496-12 §4.2). */
interface Box {
  readonly type: string;
  readonly at: number;
  readonly end: number;
}

/**
 * Box types in which a truncated file may end; other letters after the index may belong to a text that was appended.
 */
const TOP_LEVEL: ReadonlySet<string> = new Set([
  "ftyp",
  "styp",
  "moov",
  "moof",
  "mdat",
  "sidx",
  "mfra",
  "emsg",
  "free",
  "skip",
  "wide",
  "udta",
  "meta",
  "uuid",
]);

/** A recording in fragments has two a second or so. */
const MOST_BOXES = 10_000;
/** The index of two minutes has some 100 KiB. */
const MOST_INDEX_BYTES = 8 * MIB;
/** For all tracks together: two minutes have some 10,000. */
const MOST_SAMPLES = 1_000_000;
/** For each type: a track has one. */
const MOST_TABLES = 1_000;

const endsTooEarly = () => corruptFile("the video ends too early");
const swollen = () => corruptFile("the video's index is not that of a short clip");

/**
 * Walks an MP4 or QuickTime file from box to box, and verifies that it is complete and that its index takes little
 * memory: players and demuxers trust the counts in it.
 *
 * @returns the end of its structure; bytes after it are not part of the video
 * @throws CORRUPT_FILE
 */
export const endOfMovie = async (bytes: FileBytes): Promise<number> => (await walkMovie(bytes)).end;

/** The same, with the index. @throws CORRUPT_FILE */
export async function walkMovie(bytes: FileBytes): Promise<{ readonly end: number; readonly index: Buffer }> {
  let end = 0;
  let index: Buffer | null = null;
  for (let count = 0; end < bytes.size; count++) {
    const box = await boxAt(bytes, end);
    if (index !== null && (box === null || (box.end > bytes.size && !TOP_LEVEL.has(box.type)))) break;
    if (box === null || count > MOST_BOXES) throw corruptFile("the video's structure is broken");
    if (box.end > bytes.size) throw endsTooEarly();
    if (box.type === "moov") index = await readIndex(bytes, box, index);
    end = box.end;
  }
  if (index === null)
    throw corruptFile("the video's index is missing: it was cut off, or not recorded to its end");
  // Fragments may be anywhere, so the whole file is searched for them.
  if (index.includes("mvex")) await refuseSwollenFragments(bytes);
  return { end, index };
}

/** Null if it is not a box. */
export async function boxAt(bytes: FileBytes, at: number): Promise<Box | null> {
  const header = await bytes.read(at, 16);
  if (header.length < 8) return null;
  const type = header.toString("latin1", 4, 8);
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return null;
  const size = header.readUInt32BE(0);
  // Only the media data may have no length and reach to the end of the file.
  if (size === 0) return type === "mdat" ? { type, at, end: bytes.size } : null;
  if (size > 1) return size < 8 ? null : { type, at, end: at + size };
  if (header.length < 16) return null;
  const long = Number(header.readBigUInt64BE(8));
  return long < 16 ? null : { type, at, end: at + long };
}

async function readIndex(bytes: FileBytes, { at, end }: Box, before: Buffer | null): Promise<Buffer> {
  if (before !== null || end - at > MOST_INDEX_BYTES) throw swollen();
  const index = Buffer.from(await bytes.read(at, end - at));
  let samples = 0;
  for (const count of firstFigures(index, "stts", 8)) {
    samples += count;
    if (samples > MOST_SAMPLES) throw swollen();
  }
  for (const firstChunk of firstFigures(index, "stsc", 12)) if (firstChunk > MOST_SAMPLES) throw swollen();
  return index;
}

/** Offsets of possible tables of a type, found by name at any depth, coincidences included. */
function* tablesOf(bytes: Buffer, type: string): Generator<number> {
  for (let at = bytes.indexOf(type); at !== -1; at = bytes.indexOf(type, at + 4)) yield at;
}

/**
 * The first figure of each entry of the tables of a type (§8.6.1.2, §8.7.4): the name is followed by flags and the
 * number of entries. Tables do not overlap, so together they have at most as many entries as fit in the index;
 * otherwise names inside the entries of other tables would make each table be read once for every name before it.
 *
 * @throws CORRUPT_FILE
 */
function* firstFigures(index: Buffer, type: string, entryBytes: number): Generator<number> {
  let left = index.length / entryBytes;
  let tables = 0;
  for (const table of tablesOf(index, type)) {
    if (++tables > MOST_TABLES) throw swollen();
    const from = table + 12;
    if (from > index.length) return;
    const end = Math.min(index.length - 3, from + index.readUInt32BE(table + 8) * entryBytes);
    for (let at = from; at < end; at += entryBytes) {
      if (--left < 0) throw swollen();
      yield index.readUInt32BE(at);
    }
  }
}

/** A run of a fragment (§8.8.8) states how many samples it has, and may have no data for them. */
async function refuseSwollenFragments(bytes: FileBytes): Promise<void> {
  let samples = 0;
  for (let from = 0; from < bytes.size; from += WINDOW_BYTES - RUN_BYTES) {
    const window = await bytes.read(from, WINDOW_BYTES);
    for (const at of tablesOf(window, "trun")) {
      if (at < 4 || at + 12 > window.length) continue;
      // The box before the name is not larger than an index: otherwise these four letters are a coincidence.
      if (window.readUInt32BE(at - 4) <= MOST_INDEX_BYTES) samples += window.readUInt32BE(at + 8);
      if (samples > MOST_SAMPLES) throw swollen();
    }
  }
}

/** Size, name, flags and count, which must be in one window. */
const RUN_BYTES = 16;
