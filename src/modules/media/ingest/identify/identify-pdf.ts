import { KIB } from "../../../../kernel/bytes.js";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { endOfContent, partOf } from "../receive/file-bytes.js";
import { refuseEmbeddedContentIn } from "./embedded-content.js";

const HEADER = "%PDF-";
/** Readers search for the header in the first 1024 bytes (ISO 32000-1 annex H.3, note 13). */
const HEADER_WITHIN_BYTES = KIB;
const TAIL_BYTES = 64 * KIB;
/** Readers look for the end mark in so many last bytes (ISO 32000-1 annex H.3, note 18), and so far behind `startxref`. */
const END_BYTES = KIB;
/** White space of ISO 32000-1 §7.2.2: mail gateways and file systems append NULs. */
const PADDING: ReadonlySet<number> = new Set([0x00, 0x09, 0x0a, 0x0c, 0x0d, 0x20]);

/** The offset of a PDF's header; null if there is none. */
export function pdfHeaderAt(head: Buffer): number | null {
  const at = head.subarray(0, HEADER_WITHIN_BYTES + HEADER.length).indexOf(HEADER);
  return at === -1 ? null : at;
}

/** Whether a file ends like a PDF. */
export const endsAsPdf = async (bytes: FileBytes): Promise<boolean> =>
  hasEnd(await tailOf(await pdfBody(bytes)));

/**
 * Verifies that a file which begins like a PDF also ends like one, with nothing else before or after it.
 *
 * @throws CORRUPT_FILE if it is truncated, FILE_TYPE_MISMATCH if it is surrounded by HTML or an archive
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

/** From its header, to which its offsets refer, to the last byte that is not padding. */
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
