import { isUtf8 } from "node:buffer";
import { KIB } from "../../../../kernel/bytes.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { endOfContent, partOf, WINDOW_BYTES } from "../receive/file-bytes.js";
import { guessCharset } from "./guess-charset.js";

/** The charset of a text, by the names of the WHATWG Encoding Standard. */
export interface TextCharset {
  readonly charset: string;
  /** Whether it is a guess: only UTF-8 and UTF-16 can be verified. */
  readonly isGuess: boolean;
}

/**
 * "Binary data bytes" of the WHATWG MIME Sniffing Standard §3, except those that terminals, old editors and shifted
 * encodings write: bell, backspace, vertical tab, shift out and in, end of file.
 */
const BINARY = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 && ![0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x1a, 0x1b].includes(byte) ? 1 : 0,
);

/** Of this many bytes one in fifty may be a stray control byte, and three may be adjacent. */
const BLOCK_BYTES = 4 * KIB;
const TEXT_TO_STRAYS = 50;
const MOST_STRAYS_IN_A_ROW = 3;

const PADDING: ReadonlySet<number> = new Set([0]);
/** The sample for guessing a charset: non-ASCII bytes and their surroundings. */
const SAMPLE_BYTES = KIB;

/** Whether it may be the beginning of a text. */
export const mayBeText = (beginning: Buffer): boolean =>
  utf16Of(beginning) !== null ||
  !holdsBinary(beginning.subarray(0, beginning.findLastIndex((byte) => byte !== 0) + 1));

/** Whether it is certainly the beginning of a text, so that no other type needs to be checked. */
export const isPlainText = (beginning: Buffer): boolean =>
  utf16Of(beginning) !== null ||
  (!beginning.some((byte) => BINARY[byte] === 1) &&
    isUtf8(beginning.subarray(0, wholeCharacters(beginning))));

/**
 * The charset of a file that is text from the first byte to the last. Logs and exports may be cut at either end, padded
 * with NULs, contain a few control bytes, and have any charset.
 *
 * @returns null if it is not text
 */
export async function charsetOf(bytes: FileBytes): Promise<TextCharset | null> {
  const charset = utf16Of(Buffer.from(await bytes.read(0, 2)));
  const end = await endOfContent(bytes, PADDING);
  if (charset !== null) return utf16Throughout(bytes, charset, end);
  return end === 0 ? null : charsetOfBytes(partOf(bytes, 0, end));
}

async function charsetOfBytes(text: FileBytes): Promise<TextCharset | null> {
  let provesUtf8 = true;
  let sample = Buffer.alloc(0);
  for (let at = 0; at < text.size; ) {
    const window = await text.read(at, WINDOW_BYTES);
    if (holdsBinary(window)) return null;
    const isLast = at + window.length === text.size;
    const length = wholeCharacters(window) || window.length;
    provesUtf8 &&= isUtf8(window.subarray(at === 0 ? cutCharacter(window) : 0, length));
    if (!provesUtf8 && sample.length < SAMPLE_BYTES)
      sample = Buffer.concat([sample, sampleOf(window, SAMPLE_BYTES - sample.length)]);
    at += isLast ? window.length : length;
  }
  return provesUtf8 ? { charset: "utf-8", isGuess: false } : { charset: guessCharset(sample), isGuess: true };
}

function sampleOf(window: Buffer, length: number): Buffer {
  const first = window.findIndex((byte) => byte >= 0x80);
  if (first === -1) return Buffer.alloc(0);
  const from = Math.max(0, first - 64);
  return Buffer.from(window.subarray(from, from + length));
}

function holdsBinary(part: Buffer): boolean {
  for (let from = 0; from < part.length; from += BLOCK_BYTES) {
    const end = Math.min(part.length, from + BLOCK_BYTES);
    let strays = 0;
    let inRow = 0;
    for (let at = from; at < end; at++) {
      inRow = BINARY[part[at] ?? 0] === 1 ? inRow + 1 : 0;
      if (inRow > 0) strays += 1;
      if (inRow > MOST_STRAYS_IN_A_ROW) return true;
    }
    if (strays > 1 + (end - from) / TEXT_TO_STRAYS) return true;
  }
  return false;
}

/** UTF-16 is detected by its byte order mark. */
function utf16Of(head: Buffer): "utf-16le" | "utf-16be" | null {
  const mark = head.length >= 2 ? head.readUInt16BE(0) : 0;
  if (mark === 0xfffe) return "utf-16le";
  return mark === 0xfeff ? "utf-16be" : null;
}

async function utf16Throughout(
  bytes: FileBytes,
  charset: "utf-16le" | "utf-16be",
  end: number,
): Promise<TextCharset | null> {
  const even = Math.min(end + (end % 2), bytes.size - (bytes.size % 2));
  for (let at = 0; at < even; ) {
    const window = await bytes.read(at, Math.min(WINDOW_BYTES, even - at));
    const whole = wholeUnits(window, charset);
    if (!isUtf16Text(window.subarray(0, whole), charset)) return null;
    at += whole === 0 ? window.length : at + window.length === even ? window.length : whole;
  }
  return { charset, isGuess: false };
}

function isUtf16Text(part: Buffer, charset: "utf-16le" | "utf-16be"): boolean {
  const [low, high] = charset === "utf-16le" ? [0, 1] : [1, 0];
  let pending = false;
  for (let at = 0; at < part.length; at += 2) {
    const unit = ((part[at + high] ?? 0) << 8) | (part[at + low] ?? 0);
    const trailing = unit >= 0xdc00 && unit <= 0xdfff;
    if (trailing !== pending || (unit < 0x20 && BINARY[unit] === 1) || unit >= 0xfffe) return false;
    pending = unit >= 0xd800 && unit <= 0xdbff;
  }
  return !pending;
}

/** The length without half of a surrogate pair at the end. */
function wholeUnits(part: Buffer, charset: "utf-16le" | "utf-16be"): number {
  const high = part[part.length - (charset === "utf-16le" ? 1 : 2)] ?? 0;
  return high >= 0xd8 && high <= 0xdb ? part.length - 2 : part.length;
}

/** The number of bytes at the beginning that are the rest of a character: at most three. */
function cutCharacter(part: Buffer): number {
  let count = 0;
  while (count < 3 && ((part[count] ?? 0) & 0xc0) === 0x80) count++;
  return count;
}

/** The length without an incomplete UTF-8 character at the end of the window. */
function wholeCharacters(part: Buffer): number {
  for (let back = 1; back <= Math.min(3, part.length); back++) {
    const byte = part[part.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0)
      return byte >= (back === 3 ? 0xf0 : back === 2 ? 0xe0 : 0xc0) ? part.length - back : part.length;
  }
  return part.length;
}
