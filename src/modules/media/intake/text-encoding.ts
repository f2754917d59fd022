import { isUtf8 } from "node:buffer";
import type { FileBytes } from "./file-bytes.js";
import { WINDOW_BYTES } from "./file-bytes.js";

export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be";

/** "Binary data bytes" of the WHATWG MIME Sniffing Standard §3: what no text holds. Tab, line ends, form feed and escape are none. */
const BINARY = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f) ? 1 : 0,
);

/** The encoding that a beginning could be text in, or null for what is none. UTF-16 is known by its byte order mark. */
export function textEncoding(head: Buffer): TextEncoding | null {
  const encoding = encodingByMark(head);
  return isText(head.subarray(0, wholeCharacters(head, encoding)), encoding) ? encoding : null;
}

/** Whether a file is text from the first byte to the last. */
export async function isTextThroughout(bytes: FileBytes, encoding: TextEncoding): Promise<boolean> {
  for (let at = 0; at < bytes.size; ) {
    const window = await bytes.read(at, WINDOW_BYTES);
    const last = at + window.length === bytes.size;
    const length = last ? window.length : wholeCharacters(window, encoding);
    if (length === 0 || !isText(window.subarray(0, length), encoding)) return false;
    at += length;
  }
  return true;
}

function encodingByMark(head: Buffer): TextEncoding {
  const mark = head.length >= 2 ? head.readUInt16BE(0) : 0;
  if (mark === 0xfffe) return "utf-16le";
  return mark === 0xfeff ? "utf-16be" : "utf-8";
}

const isText = (part: Buffer, encoding: TextEncoding) =>
  encoding === "utf-8" ? isUtf8(part) && !holdsBinary(part) : isUtf16Text(part, encoding);

function holdsBinary(part: Buffer): boolean {
  for (let at = 0; at < part.length; at++) if (BINARY[part[at] ?? 0] === 1) return true;
  return false;
}

function isUtf16Text(part: Buffer, encoding: TextEncoding): boolean {
  if (part.length % 2 !== 0) return false;
  const [low, high] = encoding === "utf-16le" ? [0, 1] : [1, 0];
  let pending = false;
  for (let at = 0; at < part.length; at += 2) {
    const unit = ((part[at + high] ?? 0) << 8) | (part[at + low] ?? 0);
    const trailing = unit >= 0xdc00 && unit <= 0xdfff;
    if (trailing !== pending || (unit < 0x20 && BINARY[unit] === 1) || unit >= 0xfffe) return false;
    pending = unit >= 0xd800 && unit <= 0xdbff;
  }
  return !pending;
}

/** How many of the bytes are left when a character that the border cuts is put off. */
function wholeCharacters(part: Buffer, encoding: TextEncoding): number {
  if (encoding !== "utf-8") {
    const even = part.length - (part.length % 2);
    const high = part[even - (encoding === "utf-16le" ? 1 : 2)] ?? 0;
    return high >= 0xd8 && high <= 0xdb ? even - 2 : even;
  }
  for (let back = 1; back <= Math.min(3, part.length); back++) {
    const byte = part[part.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0)
      return byte >= (back === 3 ? 0xf0 : back === 2 ? 0xe0 : 0xc0) ? part.length - back : part.length;
  }
  return part.length;
}
