import { crc32 } from "node:zlib";
import { corruptFile } from "../../media.errors.js";
import type { FileBytes } from "../receive/file-bytes.js";
import { refuseEmbeddedContent } from "./embedded-content.js";

const HEADER_BYTES = 32;

/**
 * Verifies a 7z archive by its signature header, which states where the archive ends (7zFormat.txt, "SignatureHeader").
 * The content cannot be seen without unpacking.
 *
 * @throws CORRUPT_FILE if it is truncated, FILE_TYPE_MISMATCH if another file follows it
 */
export async function proveSevenZip(bytes: FileBytes): Promise<void> {
  const header = await bytes.read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || crc32(header.subarray(12)) !== header.readUInt32LE(8))
    throw corruptFile("the archive's header is broken");
  const end = BigInt(HEADER_BYTES) + header.readBigUInt64LE(12) + header.readBigUInt64LE(20);
  if (end > BigInt(bytes.size)) throw corruptFile("the archive ends too early");
  await refuseEmbeddedContent(bytes, Number(end));
}
