import { twoFilesInOne } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { windows } from "../receive/file-bytes.js";

/** End of central directory record with disk numbers 0 (APPNOTE 4.3.16), and the longest comment behind it. */
const ZIP_END = Buffer.from("PK\x05\x06", "latin1");
const ZIP_END_BYTES = 22;
const ZIP_TAIL_BYTES = ZIP_END_BYTES + 0xffff;

/** Signatures of second files behind the end of a file. Long enough not to stand in random bytes by chance. */
const MARKUP = /<script[\s/>]|<html[\s>]|<!doctype html|<\?php\s|<svg\s/i;
const PDF = /%PDF-\d\.\d/;
const ARCHIVES = ["PK\x05\x06\0\0\0\0", "Rar!\x1a\x07", "7z\xbc\xaf\x27\x1c"];
const LONGEST = 16;

/**
 * Searches for a second file in bytes outside the structure of the first one. Other foreign bytes are accepted: phones
 * append videos and depth maps to photos.
 *
 * @throws FILE_TYPE_MISMATCH
 */
export async function refuseEmbeddedContent(bytes: FileBytes, from: number): Promise<void> {
  for await (const window of windows(bytes, from, LONGEST)) refuseEmbeddedContentIn(window);
}

/** @throws FILE_TYPE_MISMATCH */
export function refuseEmbeddedContentIn(part: Buffer): void {
  const text = part.toString("latin1");
  if (MARKUP.test(text)) throw twoFilesInOne("HTML or script code");
  if (ARCHIVES.some((signature) => text.includes(signature))) throw twoFilesInOne("an archive");
  if (PDF.test(text)) throw twoFilesInOne("a PDF document");
}

/**
 * Whether unzip programs, which read from the end, would take the file for an archive.
 *
 * @throws FILE_TYPE_MISMATCH
 */
export async function refuseZipEnding(bytes: FileBytes): Promise<void> {
  const tail = await bytes.read(Math.max(0, bytes.size - ZIP_TAIL_BYTES), ZIP_TAIL_BYTES);
  for (let at = tail.indexOf(ZIP_END); at !== -1; at = tail.indexOf(ZIP_END, at + 1)) {
    if (at + ZIP_END_BYTES > tail.length) return;
    if (at + ZIP_END_BYTES + tail.readUInt16LE(at + 20) === tail.length) throw twoFilesInOne("a ZIP archive");
  }
}
