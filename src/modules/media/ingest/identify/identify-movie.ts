import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { boxAt, walkMovie } from "./movie-boxes.js";
import type { Recognition } from "./recognition.js";

/** With what QuickTime files begin that were written before there were brands (QuickTime File Format, "Movie files"). */
const UNBRANDED: ReadonlySet<string> = new Set(["moov", "mdat", "wide", "free", "skip", "pnot"]);
const QUICKTIME = "qt  ";

/** Major brands of files that have the same structure and are no videos. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^avi[fs]$/, "an AVIF image"],
  [/^crx $/, "a raw photo of a Canon camera"],
];
const STILL_IMAGE = /^(hei[cxms]|hev[cx]|mif1|msf1)$/;
const SOUND = /^M4[ABP] $/;
/** Say of a still image only how it is built: what it is coded as, the other brands say. */
const STRUCTURAL: ReadonlySet<string> = new Set(["mif1", "msf1"]);
/** What a list of brands may have at most: real ones have a dozen. */
const MOST_BRAND_BYTES = 256;
/** In the movie, its tracks and their media: a dozen for each track. */
const MOST_TRACK_BOXES = 10_000;

/** Whether a file begins as an MP4 or QuickTime file does, whatever its brand. */
export async function isMovie(bytes: FileBytes): Promise<boolean> {
  const first = await boxAt(bytes, 0);
  if (first === null || first.end > bytes.size) return false;
  return first.type === "ftyp" || UNBRANDED.has(first.type);
}

/**
 * Tells by its brands (ISO/IEC 14496-12 §4.3) and its tracks what a file of this family is.
 *
 * @throws CORRUPT_FILE for a video that is not whole
 */
export async function recognizeMovie(bytes: FileBytes): Promise<Recognition> {
  const [major = QUICKTIME, ...others] = await brandsOf(bytes);
  const brand = STRUCTURAL.has(major) && others.includes("avif") ? "avif" : major;
  const other = OTHER_KINDS.find(([pattern]) => pattern.test(brand));
  if (other !== undefined) return { refused: other[1] };
  if (STILL_IMAGE.test(brand)) return { type: "heic" };
  if (SOUND.test(brand)) return { type: "m4a" };
  const { index } = await walkMovie(bytes);
  const handlers = handlersOf(index);
  if (!handlers.has("vide") && handlers.has("soun")) return { type: "m4a" };
  return { type: brand === QUICKTIME ? "quicktime" : "mp4" };
}

/** How the tracks of the movie are handled (ISO/IEC 14496-12 §8.4.3). @throws CORRUPT_FILE */
function handlersOf(index: Buffer): ReadonlySet<string> {
  const handlers = new Set<string>();
  const left = { boxes: MOST_TRACK_BOXES };
  for (const track of childrenOf(index, "trak", left))
    for (const media of childrenOf(track, "mdia", left))
      for (const box of childrenOf(media, "hdlr", left)) handlers.add(box.toString("latin1", 16, 20));
  return handlers;
}

/** The boxes of a type directly inside of another, each with its header. What does not fit in it ends them. */
function* childrenOf(box: Buffer, type: string, left: { boxes: number }): Generator<Buffer> {
  for (let at = 8; at + 8 <= box.length; ) {
    const size = box.readUInt32BE(at);
    if (size < 8 || at + size > box.length) return;
    if (--left.boxes < 0) throw corruptFile("the video's index is made of too many boxes");
    if (box.toString("latin1", at + 4, at + 8) === type) yield box.subarray(at, at + size);
    at += size;
  }
}

/** The major brand first; none in a file from before there were any. */
async function brandsOf(bytes: FileBytes): Promise<string[]> {
  const first = await boxAt(bytes, 0);
  if (first?.type !== "ftyp") return [];
  const box = await bytes.read(0, Math.min(first.end, MOST_BRAND_BYTES));
  const text = box.toString("latin1");
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= text.length; at += 4) brands.push(text.slice(at, at + 4));
  return brands;
}
