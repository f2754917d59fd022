import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import yauzl from "yauzl";
import { MIB } from "../../../../kernel/bytes.js";
import { FiledeskError } from "../../../../kernel/errors.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";

/** Limits beyond which an archive counts as a zip bomb. */
export const ZIP_LIMITS = {
  entries: 10_000,
  /** Of all entries, unpacked. */
  totalBytes: 1024 * MIB,
  /**
   * Ratio of unpacked to packed size. Small archives may exceed it: they are harmless, and long runs of one byte are
   * common.
   */
  ratio: 200,
  ratioFromBytes: 16 * MIB,
} as const;

const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER_BYTES = 30;
const CENTRAL_HEADER_BYTES = 46;
const END_RECORD_BYTES = 22;
const HAS_DATA_DESCRIPTOR = 0x0008;
const IN_ZIP64_FIELD = 0xffffffff;

export interface ZipDirectory {
  /** As in the archive, in the order of the directory. */
  readonly names: readonly string[];
  readonly encrypted: boolean;
  /** The content of an entry. @throws CORRUPT_FILE if it does not unpack to its declared size, or exceeds `maxBytes` */
  content(name: string, maxBytes: number): Promise<Buffer>;
}

/**
 * Reads the central directory of an archive and compares each entry with its local header.
 *
 * @throws CORRUPT_FILE if it is truncated, inconsistent, overlapping or a zip bomb
 */
export async function withZipDirectory<T>(
  bytes: FileBytes,
  use: (zip: ZipDirectory) => Promise<T>,
): Promise<T> {
  let zip: ZipFile | undefined;
  try {
    zip = await yauzl.fromRandomAccessReaderPromise(new FileBytesReader(bytes), bytes.size, {
      autoClose: false,
    });
    const entries = await readEntries(zip);
    await checkLocalHeaders(bytes, zip, entries);
    return await use(directoryOf(bytes, entries));
  } catch (error) {
    if (error instanceof FiledeskError || isSystemError(error)) throw error;
    throw corruptFile(`the archive is broken (${(error as Error).message})`);
  } finally {
    zip?.close();
  }
}

const isSystemError = (error: unknown) => error instanceof Error && "syscall" in error;

async function readEntries(zip: ZipFile): Promise<Entry[]> {
  if (zip.entryCount > ZIP_LIMITS.entries)
    throw corruptFile(`the archive has more than ${ZIP_LIMITS.entries} entries`);
  const entries: Entry[] = [];
  let packed = 0;
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    entries.push(entry);
    packed += entry.compressedSize;
    unpacked += entry.uncompressedSize;
    if (unpacked > ZIP_LIMITS.totalBytes) throw corruptFile("the archive would unpack to more than 1 GiB");
  }
  if (unpacked > ZIP_LIMITS.ratioFromBytes && unpacked > packed * ZIP_LIMITS.ratio)
    throw corruptFile(`the archive would unpack to more than ${ZIP_LIMITS.ratio} times its size`);
  if (new Set(entries.map((entry) => entry.fileName)).size < entries.length)
    throw corruptFile("the archive has two entries of one name");
  return entries;
}

/** Every entry begins with an equal local header, and none overlaps another or the directory. */
async function checkLocalHeaders(bytes: FileBytes, zip: ZipFile, entries: readonly Entry[]): Promise<void> {
  let end = 0;
  let directoryBytes = 0;
  for (const entry of entries.toSorted(
    (a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader,
  )) {
    const at = entry.relativeOffsetOfLocalHeader;
    if (end === 0 && at !== 0) throw corruptFile("something stands before the archive's first entry");
    if (at < end) throw corruptFile("the archive's entries overlap");
    const header = await bytes.read(at, LOCAL_HEADER_BYTES + entry.fileNameLength);
    if (!agree(entry, header)) throw corruptFile("the archive's entries contradict its directory");
    end = at + LOCAL_HEADER_BYTES + entry.fileNameLength + header.readUInt16LE(28) + entry.compressedSize;
    directoryBytes +=
      CENTRAL_HEADER_BYTES + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
  }
  if (end + directoryBytes + END_RECORD_BYTES + zip.comment.length > bytes.size)
    throw corruptFile("the archive's entries overlap its directory");
}

function agree(entry: Entry, header: Buffer): boolean {
  if (header.length < LOCAL_HEADER_BYTES + entry.fileNameLength || header.readUInt32LE(0) !== 0x04034b50)
    return false;
  const flags = header.readUInt16LE(6);
  const sizes = [header.readUInt32LE(18), header.readUInt32LE(22)];
  const sizesAgree =
    (flags & HAS_DATA_DESCRIPTOR) !== 0 ||
    sizes.includes(IN_ZIP64_FIELD) ||
    (sizes[0] === entry.compressedSize && sizes[1] === entry.uncompressedSize);
  return (
    sizesAgree &&
    (flags & 1) === (entry.generalPurposeBitFlag & 1) &&
    header.readUInt16LE(8) === entry.compressionMethod &&
    header.readUInt16LE(26) === entry.fileNameLength &&
    header.subarray(LOCAL_HEADER_BYTES).equals(entry.fileNameRaw)
  );
}

function directoryOf(bytes: FileBytes, entries: readonly Entry[]): ZipDirectory {
  return {
    names: entries.map((entry) => entry.fileName),
    encrypted: entries.some((entry) => entry.isEncrypted()),
    async content(name, maxBytes) {
      const entry = entries.find((candidate) => candidate.fileName === name);
      if (!entry) throw corruptFile(`the archive lacks ${name}`);
      if (Math.max(entry.uncompressedSize, entry.compressedSize) > maxBytes)
        throw corruptFile(`its ${name} is too large`);
      const content = await unpack(entry, await packedBytes(bytes, entry));
      if (content.length !== entry.uncompressedSize || crc32(content) !== entry.crc32)
        throw corruptFile(`its ${name} is damaged`);
      return content;
    },
  };
}

async function packedBytes(bytes: FileBytes, entry: Entry): Promise<Buffer> {
  const at = entry.relativeOffsetOfLocalHeader;
  const header = await bytes.read(at, LOCAL_HEADER_BYTES);
  const dataAt = at + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  return bytes.read(dataAt, entry.compressedSize);
}

const inflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);

async function unpack(entry: Entry, packed: Buffer): Promise<Buffer> {
  if (entry.compressionMethod === STORED) return packed;
  if (entry.compressionMethod !== DEFLATED)
    throw corruptFile(`its ${entry.fileName} is packed in an unknown way`);
  return inflate(packed, { maxOutputLength: Math.max(1, entry.uncompressedSize) });
}

/** Lets yauzl read through the window of `FileBytes`. */
class FileBytesReader extends yauzl.RandomAccessReader {
  constructor(private readonly bytes: FileBytes) {
    super();
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    const copied = this.bytes.read(position, length).then((found) => {
      if (found.length < length) throw new Error("it ends too early");
      found.copy(target, offset);
    });
    copied.then(() => done(null), done);
  }
}
