import { createHash } from "node:crypto";
import type { ImportEntry } from "./import-entry.js";
import { isWebSource } from "./import-entry.js";
import { slashed } from "./local-source.js";

/**
 * Identifies an entry in this manifest or another: a message by the key of the desk that it comes from, everything else
 * by its source and its usage. The rest of the line may be corrected without making it another entry.
 *
 * @param resourceId as it is stored
 * @returns the hash to record, and after it what earlier versions recorded for a source that is written like this one
 */
export function entryHashes(entry: ImportEntry, resourceId: string): [string, ...string[]] {
  const { files, bucket, resourceType, fieldName, key } = entry;
  const [source = ""] = files.map((file) => file.source);
  if (resourceType === "conversation") return [hashOf(resourceType, resourceId, key)];
  const hashFrom = (written: string) => hashOf(written, bucket, resourceType, resourceId, fieldName);
  const plain = isWebSource(source) ? source : slashed(source).normalize("NFC");
  return plain === source ? [hashFrom(source)] : [hashFrom(plain), hashFrom(source)];
}

const hashOf = (...identity: readonly (string | null)[]): string =>
  createHash("sha256").update(JSON.stringify(identity)).digest("hex");

/** A source for a report: without user name and password. */
export const shownSource = (source: string): string =>
  isWebSource(source) ? source.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1***@") : source;
