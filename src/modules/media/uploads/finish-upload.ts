import type { Clock } from "../../../kernel/clock.js";
import type { ErrorCode } from "../../../kernel/errors.js";
import { FiledeskError } from "../../../kernel/errors.js";
import { onlySegmentKey } from "../../../platform/storage/segments.js";
import type { StagedBytes, StagingArea } from "../../../platform/storage/staging-area.js";
import type { Storage } from "../../../platform/storage/storage.js";
import type { TempFile } from "../../../platform/storage/temp-file.js";
import type { TempFolder } from "../../../platform/storage/temp-folder.js";
import type { AuditActor } from "../../identity/audit/audit.repository.js";
import type { AllBucketRules } from "../buckets.js";
import type { CheckDeps } from "../ingest/check-file.js";
import { checkFile } from "../ingest/check-file.js";
import type { IngestObserver } from "../ingest/ingest-observer.js";
import type { Received } from "../ingest/receive/receive.js";
import { receive } from "../ingest/receive/receive.js";
import { newStorageKey } from "../ingest/storage-key.js";
import { newBlob } from "../ingest/store.js";
import type { UploadLease } from "./upload-lease.js";

export interface FinishDeps extends CheckDeps {
  readonly staging: StagingArea;
  readonly storage: Storage;
  readonly buckets: AllBucketRules;
  readonly clock: Clock;
  readonly observer: IngestObserver;
  readonly tempFolder: Pick<TempFolder, "open">;
}

/** Failures that are the file's own: trying again does not help. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "FILE_TOO_LARGE",
  "UNSUPPORTED_FILE_TYPE",
  "FILE_TYPE_MISMATCH",
  "CORRUPT_FILE",
  "FILE_INFECTED",
]);

/**
 * Checks an upload whose bytes have all arrived, and stores them under the key that a blob will have. It may be
 * interrupted at any moment and repeated: the key is written before the bytes are moved there.
 *
 * @param uploader its owner, as the audit log names them if the file is infected
 * @throws why the file is refused; its bytes are removed then. Other failures leave it as it is, to be checked again.
 */
export async function finishUpload(
  deps: FinishDeps,
  lease: UploadLease,
  uploader: AuditActor,
): Promise<void> {
  const { upload, write } = lease;
  try {
    if (!(await isStored(deps, lease))) await checkAndStore(deps, lease, uploader);
    await write({ status: "READY" });
  } catch (error) {
    if (!(error instanceof FiledeskError) || !REFUSALS.has(error.code)) throw error;
    const { code, message, details } = error;
    await write({ status: "REFUSED", refusal: { code, message, details }, storageKey: null, checked: null });
    await deps.staging.remove([upload.id]);
    throw error;
  }
  await deps.staging.remove([upload.id]);
}

/** Whether an earlier attempt has already moved the bytes. */
async function isStored({ storage }: FinishDeps, { upload: { checked } }: UploadLease): Promise<boolean> {
  if (checked === null) return false;
  const { storageKey, size } = checked.blob;
  return (await storage.stat(storageKey))?.size === size;
}

async function checkAndStore(
  deps: FinishDeps,
  { upload, write }: UploadLease,
  uploader: AuditActor,
): Promise<void> {
  const { storage, buckets, clock, observer } = deps;
  const { companyId, bucket } = upload;
  /** The bytes that are stored instead of those that were sent. */
  let other: TempFile | null = null;
  const { bytes, received } = await observer.step("receive", () => receiveStaged(deps, { upload, write }));
  try {
    observer.received(bucket, received.size);
    const checked = await checkFile(deps, received, {
      rules: buckets[bucket],
      companyId,
      uploader,
      openTemp: async () => {
        other = await deps.tempFolder.open();
        return other;
      },
    });
    const blob = newBlob(checked, newStorageKey(companyId, bucket, checked.type.extension, clock()));
    await write({ storageKey: blob.storageKey, checked: { fileName: checked.fileName, blob } });
    await observer.step("store", () =>
      upload.method === "DIRECT" && other === null
        ? storage.copy(onlySegmentKey(upload.id), blob.storageKey)
        : storage.putFile(blob.storageKey, checked.temp.path),
    );
  } finally {
    await bytes[Symbol.asyncDispose]();
    await (other as TempFile | null)?.[Symbol.asyncDispose]();
  }
}

/** Reads the bytes from the staging area, once. The caller disposes of them. */
async function receiveStaged(
  { staging, buckets }: FinishDeps,
  { upload, write }: Pick<UploadLease, "upload" | "write">,
): Promise<{ readonly bytes: StagedBytes; readonly received: Received }> {
  const { fileName, bucket } = upload;
  const bytes = await staging.open(upload.id, upload.receivedBytes);
  if (bytes === null) {
    await write({ status: "RECEIVING", receivedBytes: 0 });
    throw new FiledeskError("UPLOAD_INCOMPLETE", "The bytes of this upload have been lost: send them again.");
  }
  try {
    const file = { fileName, open: () => bytes.read() };
    const received = await receive({ file, temp: bytes.temp, maxBytes: buckets[bucket].maxBytes });
    return { bytes, received };
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}
