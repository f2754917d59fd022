import { MIB } from "../../../../kernel/bytes.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { boxAt } from "./movie-boxes.js";

/** Box types in which a truncated file may end; other letters may belong to a text that was appended. */
const KNOWN: ReadonlySet<string> = new Set(["ftyp", "meta", "mdat", "moov", "free", "skip", "uuid"]);
const MOST_BOXES = 1_000;
const MOST_META_BYTES = MIB;
/** Tiles share the property with their dimensions. */
const MOST_DIMENSIONS = 1_000;

/** ISO/IEC 23008-12: boxes up to the end. @throws CORRUPT_FILE if it ends within a box */
export async function endOfHeic(bytes: FileBytes): Promise<number> {
  let end = 0;
  for (let count = 0; end < bytes.size && count < MOST_BOXES; count++) {
    const box = await boxAt(bytes, end);
    if (box === null) break;
    if (box.end > bytes.size && !KNOWN.has(box.type)) break;
    if (box.end > bytes.size) throw corruptFile("the image ends too early");
    end = box.end;
  }
  return end;
}

/**
 * The dimensions that a HEIC image states, as displayed, for installations that do not decode it: those of its largest
 * image; the others are tiles and thumbnails. Null if it states none.
 *
 * @throws CORRUPT_FILE if it has more images than cameras write
 */
export async function dimensionsOfHeic(
  bytes: FileBytes,
): Promise<{ readonly width: number; readonly height: number } | null> {
  for (let at = 0, count = 0; at < bytes.size && count < MOST_BOXES; count++) {
    const box = await boxAt(bytes, at);
    if (box === null) return null;
    if (box.type === "meta")
      return box.end - box.at > MOST_META_BYTES ? null : largest(await bytes.read(box.at, box.end - box.at));
    at = box.end;
  }
  return null;
}

function largest(meta: Buffer) {
  let found = { width: 0, height: 0 };
  let count = 0;
  for (
    let at = meta.indexOf("ispe");
    at !== -1 && at + 16 <= meta.length;
    at = meta.indexOf("ispe", at + 4)
  ) {
    if (++count > MOST_DIMENSIONS) throw corruptFile("the image is made of too many images");
    const [width, height] = [meta.readUInt32BE(at + 8), meta.readUInt32BE(at + 12)];
    if (width * height > found.width * found.height) found = { width, height };
  }
  const turn = meta.indexOf("irot");
  const isTurned = turn !== -1 && ((meta[turn + 4] ?? 0) & 1) === 1;
  if (found.width === 0) return null;
  return isTurned ? { width: found.height, height: found.width } : found;
}
