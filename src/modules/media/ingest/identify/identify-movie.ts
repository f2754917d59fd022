import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { boxAt, walkMovie } from "./movie-boxes.js";
import type { Recognition } from "./recognition.js";

/** The first boxes of QuickTime files from before brands existed (QuickTime File Format, "Movie files"). */
const UNBRANDED: ReadonlySet<string> = new Set(["moov", "mdat", "wide", "free", "skip", "pnot"]);
const QUICKTIME = "qt  ";

/** Major brands of files with the same structure that are not videos. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^avi[fs]$/, "an AVIF image"],
  [/^crx $/, "a raw photo of a Canon camera"],
];
const STILL_IMAGE = /^(hei[cxms]|hev[cx]|mif1|msf1)$/;
const SOUND = /^M4[ABP] $/;
/** Brands that describe only the structure of a still image; the other brands name its coding. */
const STRUCTURAL: ReadonlySet<string> = new Set(["mif1", "msf1"]);
/** The longest list of brands: real ones have a dozen. */
const MOST_BRAND_BYTES = 256;
/** Boxes in the movie, its tracks and their media: a dozen for each track. */
const MOST_TRACK_BOXES = 10_000;

/** Whether a file begins like an MP4 or QuickTime file, of any brand. */
export async function isMovie(bytes: FileBytes): Promise<boolean> {
  const first = await boxAt(bytes, 0);
  if (first === null || first.end > bytes.size) return false;
  return first.type === "ftyp" || UNBRANDED.has(first.type);
}

/**
 * Identifies a file of this family by its brands (ISO/IEC 14496-12 §4.3) and tracks.
 *
 * @throws CORRUPT_FILE if a video is incomplete
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

/** The handlers of the movie's tracks (ISO/IEC 14496-12 §8.4.3). @throws CORRUPT_FILE */
function handlersOf(index: Buffer): ReadonlySet<string> {
  const handlers = new Set<string>();
  const left = { boxes: MOST_TRACK_BOXES };
  for (const track of childrenOf(index, "trak", left))
    for (const media of childrenOf(track, "mdia", left))
      for (const box of childrenOf(media, "hdlr", left)) handlers.add(box.toString("latin1", 16, 20));
  return handlers;
}

/** The boxes of a type directly inside of another, each with its header. A box that does not fit ends the list. */
function* childrenOf(box: Buffer, type: string, left: { boxes: number }): Generator<Buffer> {
  for (let at = 8; at + 8 <= box.length; ) {
    const size = box.readUInt32BE(at);
    if (size < 8 || at + size > box.length) return;
    if (--left.boxes < 0) throw corruptFile("the video's index is made of too many boxes");
    if (box.toString("latin1", at + 4, at + 8) === type) yield box.subarray(at, at + size);
    at += size;
  }
}

/** The major brand first; none in a file from before brands existed. */
async function brandsOf(bytes: FileBytes): Promise<string[]> {
  const first = await boxAt(bytes, 0);
  if (first?.type !== "ftyp") return [];
  const box = await bytes.read(0, Math.min(first.end, MOST_BRAND_BYTES));
  const text = box.toString("latin1");
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= text.length; at += 4) brands.push(text.slice(at, at + 4));
  return brands;
}
