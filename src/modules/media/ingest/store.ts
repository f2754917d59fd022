import type { Clock } from "../../../kernel/clock.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { NewBlob } from "../blob.repository.js";
import type { Bucket } from "../buckets.js";
import type { Scanned } from "./scan.js";
import type { StagedFile } from "./staged-file.js";
import { newStorageKey } from "./storage-key.js";

export interface StoreDeps {
  readonly storage: Storage;
  readonly clock: Clock;
}

/** A file that has passed all checks, and whose bytes are stored now or were stored before. */
export type CheckedFile = Scanned | StagedFile;

/** Stores a checked file durably under a new key, unless it is stored already. The storage moves the temp file. */
export async function store(
  { storage, clock }: StoreDeps,
  companyId: string,
  bucket: Bucket,
  file: CheckedFile,
): Promise<NewBlob> {
  if ("stagedUploadId" in file) return file.blob;
  const blob = newBlob(file, newStorageKey(companyId, bucket, file.type.extension, clock()));
  await storage.putFile(blob.storageKey, file.temp.path);
  return blob;
}

/** The blob of a checked file under a key. */
export function newBlob(file: Scanned, storageKey: string): NewBlob {
  return {
    storageKey,
    sha256: file.sha256,
    size: file.size,
    mimeType: file.type.mimeType,
    width: file.width,
    height: file.height,
    durationMs: file.durationMs,
    metadata: file.metadata,
    placeholder: file.placeholder,
    scanStatus: file.scanStatus,
  };
}
