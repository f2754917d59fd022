import { createHash } from "node:crypto";
import { KIB, MIB } from "../../../../kernel/bytes.js";
import type { TempFile } from "../../../../platform/storage/temp-file.js";
import { fileTooLarge } from "../../media.errors.js";
import { sanitizeInProcess } from "../../pictures/picture-process.js";
import type { Identified } from "../identify/identify.js";

declare const proof: unique symbol;

/** A file without active content that would run where it is shown. Only `sanitize` makes one. */
export interface Sanitized extends Identified {
  readonly [proof]: "sanitized";
}

export interface SanitizeOptions {
  /** The company of the file: companies take turns. */
  readonly companyId: string;
  /** Opens a file for other bytes than those that were sent. The caller disposes of it. */
  readonly openTemp: () => Promise<TempFile>;
}

/** A drawing is parsed as a whole. */
const MAX_SVG_BYTES = 2 * MIB;
const HEAD_BYTES = 256 * KIB;

/**
 * Replaces an SVG by the harmless document that is left of it, which is what is scanned, hashed and stored: nothing
 * keeps the bytes that were sent. Other files pass unchanged.
 *
 * @throws FILE_TOO_LARGE, CORRUPT_FILE
 */
export async function sanitize(
  file: Identified,
  { companyId, openTemp }: SanitizeOptions,
): Promise<Sanitized> {
  if (file.type.name !== "svg") return file as Sanitized;
  if (file.size > MAX_SVG_BYTES) throw fileTooLarge(MAX_SVG_BYTES, file.size);
  const bytes = await sanitizeInProcess(file.temp.path, companyId);
  const temp = await openTemp();
  await temp.write(bytes);
  await temp.close();
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const bytesOfIt = { temp, size: bytes.length, sha256, head: bytes.subarray(0, HEAD_BYTES) };
  return { ...file, ...bytesOfIt } as Identified as Sanitized;
}
