import { KIB } from "../../../../kernel/bytes.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { endOfContent, partOf } from "../receive/file-bytes.js";
import { refuseEmbeddedContentIn } from "./embedded-content.js";

const HEADER = "%PDF-";
/** Readers look for the header in so many first bytes (ISO 32000-1 annex H.3, note 13). */
const HEADER_WITHIN_BYTES = KIB;
const TAIL_BYTES = 64 * KIB;
/** Readers look for the end mark in so many last bytes (ISO 32000-1 annex H.3, note 18), and so far behind `startxref`. */
const END_BYTES = KIB;
/** White space of ISO 32000-1 §7.2.2: mail gateways and file systems append NULs. */
const PADDING: ReadonlySet<number> = new Set([0x00, 0x09, 0x0a, 0x0c, 0x0d, 0x20]);

/** Where the header of a PDF stands; null where there is none. */
export function pdfHeaderAt(head: Buffer): number | null {
  const at = head.subarray(0, HEADER_WITHIN_BYTES + HEADER.length).indexOf(HEADER);
  return at === -1 ? null : at;
}

/** Whether a file ends as a PDF does. */
export const endsAsPdf = async (bytes: FileBytes): Promise<boolean> =>
  hasEnd(await tailOf(await pdfBody(bytes)));

/**
 * Proves that a file which begins as a PDF also ends as one, with nothing else before or behind.
 *
 * @throws CORRUPT_FILE for a truncated one, FILE_TYPE_MISMATCH for one with HTML or an archive around it
 */
export async function provePdf(bytes: FileBytes): Promise<void> {
  const header = pdfHeaderAt(await bytes.read(0, 2 * KIB)) ?? 0;
  refuseEmbeddedContentIn(await bytes.read(0, header));
  refuseEmbeddedContentIn(await bytes.read(header + HEADER.length, KIB));
  const tail = await tailOf(await pdfBody(bytes));
  const end = tail.lastIndexOf("%%EOF");
  if (end !== -1) refuseEmbeddedContentIn(tail.subarray(end));
  if (!hasEnd(tail)) throw corruptFile("the PDF's end is missing");
}

/** From its header, from which its offsets count, to the last byte that is no padding. */
export async function pdfBody(bytes: FileBytes): Promise<FileBytes> {
  const header = pdfHeaderAt(await bytes.read(0, 2 * KIB)) ?? 0;
  return partOf(bytes, header, Math.max(header, await endOfContent(bytes, PADDING)));
}

const tailOf = (body: FileBytes): Promise<Buffer> =>
  body.read(Math.max(0, body.size - TAIL_BYTES), TAIL_BYTES);

function hasEnd(tail: Buffer): boolean {
  const end = tail.lastIndexOf("%%EOF");
  const start = end === -1 ? -1 : tail.subarray(0, end).lastIndexOf("startxref");
  return start !== -1 && end >= tail.length - END_BYTES && start >= end - END_BYTES;
}
