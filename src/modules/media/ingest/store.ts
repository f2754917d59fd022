import type { Clock } from "../../../kernel/clock.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { NewBlob } from "../blob.repository.js";
import type { Bucket } from "../buckets.js";
import type { Scanned } from "./scan.js";
import { newStorageKey } from "./storage-key.js";

export interface StoreDeps {
  readonly storage: Storage;
  readonly clock: Clock;
}

/** Stores a scanned file durably under a new key. The storage moves the temp file. */
export async function store(
  { storage, clock }: StoreDeps,
  companyId: string,
  bucket: Bucket,
  file: Scanned,
): Promise<NewBlob> {
  const storageKey = newStorageKey(companyId, bucket, file.type.extension, clock());
  await storage.putFile(storageKey, file.temp.path);
  return {
    storageKey,
    sha256: file.sha256,
    size: file.size,
    mimeType: file.type.mimeType,
    width: file.width,
    height: file.height,
    durationMs: file.durationMs,
    metadata: file.metadata,
    scanStatus: file.scanStatus,
  };
}
