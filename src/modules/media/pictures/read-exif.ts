import { composed } from "../../../kernel/text.js";
import type { FileMetadata } from "../metadata.js";

/** Tags of EXIF 2.32: of the image, and of the block that `EXIF_BLOCK` points at. */
const MAKE = 0x010f;
const MODEL = 0x0110;
const EXIF_BLOCK = 0x8769;
const TAKEN_AT = 0x9003;
const TAKEN_AT_OFFSET = 0x9011;

const ASCII = 2;
const LONG = 4;
const ENTRY_BYTES = 12;
const MOST_ENTRIES = 500;
const LONGEST_TEXT = 100;

/** A block of tags. Only tags that are requested by number are read. */
type Tags = ReadonlyMap<number, { readonly type: number; readonly count: number; readonly at: number }>;

/**
 * Reads camera and time from an EXIF block (EXIF 2.32 §4.6.2, in the form of TIFF 6.0 §2). Own code, because the input
 * is hostile: overlapping tags may claim gigabytes of values in 64 KiB, and a location must not even be read. Broken
 * tags are left out; nothing is thrown.
 */
export function readExif(block: Buffer): Pick<FileMetadata, "cameraMake" | "cameraModel" | "takenAt"> {
  // libvips leaves the identifier of the JPEG segment at the beginning.
  const tiff = block.toString("latin1", 0, 6) === "Exif\0\0" ? block.subarray(6) : block;
  const order = tiff.toString("latin1", 0, 2);
  if (tiff.length < 8 || (order !== "II" && order !== "MM")) return {};
  const reader = new TiffReader(tiff, order === "II");
  const image = reader.tags(reader.uint32(4));
  const exif = reader.tags(reader.pointer(image, EXIF_BLOCK));
  const cameraMake = reader.text(image, MAKE);
  const cameraModel = reader.text(image, MODEL);
  const takenAt = moment(reader.text(exif, TAKEN_AT), reader.text(exif, TAKEN_AT_OFFSET));
  return {
    ...(cameraMake && { cameraMake }),
    ...(cameraModel && { cameraModel }),
    ...(takenAt && { takenAt }),
  };
}

/** Reads only within the block: offsets outside of it count as absent. */
class TiffReader {
  constructor(
    private readonly bytes: Buffer,
    private readonly isLittleEndian: boolean,
  ) {}

  uint16(at: number): number {
    if (at + 2 > this.bytes.length) return 0;
    return this.isLittleEndian ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  uint32(at: number): number {
    if (at + 4 > this.bytes.length) return 0;
    return this.isLittleEndian ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  tags(at: number): Tags {
    const tags = new Map<number, { type: number; count: number; at: number }>();
    if (at < 8) return tags;
    const count = Math.min(this.uint16(at), MOST_ENTRIES);
    for (let entry = at + 2; entry < at + 2 + count * ENTRY_BYTES; entry += ENTRY_BYTES)
      tags.set(this.uint16(entry), {
        type: this.uint16(entry + 2),
        count: this.uint32(entry + 4),
        at: entry + 8,
      });
    return tags;
  }

  pointer(tags: Tags, tag: number): number {
    const found = tags.get(tag);
    return found?.type === LONG && found.count === 1 ? this.uint32(found.at) : 0;
  }

  text(tags: Tags, tag: number): string | null {
    const found = tags.get(tag);
    if (found?.type !== ASCII) return null;
    const from = found.count <= 4 ? found.at : this.uint32(found.at);
    const text = this.bytes.toString("utf8", from, from + Math.min(found.count, 4 * LONGEST_TEXT));
    return clean(text);
  }
}

/** Up to the first NUL, in one line, without invisible and bidirectional control characters. */
function clean(text: string): string | null {
  const [value = ""] = text.split("\0", 1);
  const line = value
    .replace(/[\p{C}\p{Zl}\p{Zp}\ufffd]+/gu, " ")
    .replace(/ +/g, " ")
    .trim();
  return composed([...line].slice(0, LONGEST_TEXT).join("").trim()) || null;
}

/** `2026:05:01 12:00:00`, and `+02:00` if the camera has it. Clocks that were never set show zeros. */
function moment(time: string | null, offset: string | null): string | null {
  const [, date, month, day, clock] = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(time ?? "") ?? [];
  const written = `${date}-${month}-${day}T${clock}`;
  const parsed = new Date(`${written}Z`);
  if (date === "0000" || Number.isNaN(parsed.getTime()) || !parsed.toISOString().startsWith(written))
    return null;
  return /^[+-](0\d|1[0-4]):[0-5]\d$/.test(offset ?? "") ? `${written}${offset}` : written;
}
