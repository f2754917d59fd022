import { newId } from "../../../kernel/ids.js";
import type { Bucket } from "../buckets.js";

/**
 * A new key: `{companyId}/{bucket}/{YYYY}/{MM}/originals/{uuid}.{ext}`. No part of it comes from the client, and as
 * each key is used once, removed bytes never reappear under the key of a live blob.
 */
export function newStorageKey(companyId: string, bucket: Bucket, extension: string, now: Date): string {
  const [year, month] = now.toISOString().split("-");
  return `${companyId}/${bucket.toLowerCase()}/${year}/${month}/originals/${newId()}.${extension}`;
}
