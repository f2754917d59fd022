import { newId } from "../../../kernel/ids.js";
import type { Bucket } from "../buckets.js";

/**
 * A new key, never used before: `{companyId}/{bucket}/{YYYY}/{MM}/originals/{uuid}.{ext}`. Nothing of it comes
 * from the client, and because it is new, bytes once removed never come back under the key of a living blob.
 */
export function newStorageKey(companyId: string, bucket: Bucket, extension: string, now: Date): string {
  const [year, month] = now.toISOString().split("-");
  return `${companyId}/${bucket.toLowerCase()}/${year}/${month}/originals/${newId()}.${extension}`;
}
