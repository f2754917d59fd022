import { KIB } from "../../../kernel/bytes.js";
import { corruptFile } from "../media.errors.js";
import type { FileBytes } from "./file-bytes.js";
import { refuseStowawaysIn } from "./stowaways.js";

/** `%PDF-` */
const HEADER_BYTES = 5;
const TAIL_BYTES = 64 * KIB;
/** Readers look for the end mark in so many last bytes (ISO 32000-1 annex H.3, note 18), and so far behind `startxref`. */
const END_BYTES = KIB;

export const isPdf = (head: Buffer): boolean => head.toString("latin1", 0, HEADER_BYTES) === "%PDF-";

/**
 * Proves that a file which begins as a PDF also ends as one, with nothing before or behind.
 *
 * @throws CORRUPT_FILE for a truncated one, FILE_TYPE_MISMATCH for one with HTML or an archive around it
 */
export async function provePdf(bytes: FileBytes): Promise<void> {
  refuseStowawaysIn(await bytes.read(HEADER_BYTES, KIB));
  const tail = await bytes.read(Math.max(0, bytes.size - TAIL_BYTES), TAIL_BYTES);
  const end = tail.lastIndexOf("%%EOF");
  if (end === -1) throw endIsMissing();
  refuseStowawaysIn(tail.subarray(end));
  const start = tail.subarray(0, end).lastIndexOf("startxref");
  if (end < tail.length - END_BYTES || start === -1 || start < end - END_BYTES) throw endIsMissing();
}

const endIsMissing = () => corruptFile("the PDF's end is missing");
