import { badUserInput, FiledeskError } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import { commitIsInDoubt, isDeadlock } from "../../../platform/database/faults.js";
import type { JobSender } from "../../../platform/jobs/job.js";
import type { Confirmed } from "../../identity/confirm-viewer.js";
import { confirmViewer } from "../../identity/confirm-viewer.js";
import type { Identified } from "../../identity/viewer.js";
import { authorshipOf } from "../../identity/viewer.js";
import type { ClaimedBlob, NewBlob, UpsertedBlob } from "../blob.repository.js";
import { lockBlobs, upsertBlobs } from "../blob.repository.js";
import type { AllBucketRules, Bucket } from "../buckets.js";
import { recordFileEvents } from "../media-file.events.js";
import { insertMediaFiles } from "../media-file.repository.js";
import { chargeStorage } from "../quota/storage-quota.js";
import { requestScans } from "../scanning/request-scans.js";
import { recordRecovery } from "../upkeep/record-finding.js";
import { requestVariants, variantsStatusOf } from "../variants/request-variants.js";
import { findStoredBytes } from "./find-stored-bytes.js";
import type { IngestObserver } from "./ingest-observer.js";
import { takeStagedFiles } from "./staged-file.js";
import type { CheckedFile, StoreDeps } from "./store.js";
import { store } from "./store.js";

/** A file that has been recorded in the current transaction. */
export interface RecordedFile {
  readonly id: string;
  readonly fileName: string;
  readonly size: number;
}

/** The file of an upload that has just one. @throws BAD_USER_INPUT for an upload without a file */
export function requireRecorded([file]: readonly RecordedFile[]): RecordedFile {
  if (file === undefined) throw badUserInput("Give a file.", { field: "file" });
  return file;
}

/** Writes whatever belongs to the files, in the transaction that records them. An error rolls everything back. */
export type InTransaction<Result> = (tx: Database, files: readonly RecordedFile[]) => Promise<Result>;

export interface RecordDeps extends StoreDeps {
  readonly db: Database;
  readonly buckets: AllBucketRules;
  readonly jobs: JobSender;
  readonly observer: Pick<IngestObserver, "step">;
}

interface RecordRequest<Result, Uploader extends Identified> {
  readonly viewer: Uploader;
  readonly companyId: string;
  readonly bucket: Bucket;
  readonly files: readonly CheckedFile[];
  readonly prepare?: (tx: Database) => Promise<unknown>;
  /**
   * Whether `inTransaction` turns them into earlier versions of existing files: no event of an added file is recorded
   * then.
   */
  readonly isReplacement?: boolean;
  /** Checks the permission again; null: no check. */
  readonly permit: ((tx: Database, viewer: Confirmed<Uploader>) => Promise<unknown>) | null;
  readonly inTransaction: InTransaction<Result>;
}

/** A purge has removed bytes that were found before: they have to be stored after all. */
class BytesPurged extends Error {
  constructor(readonly hashes: readonly string[]) {
    super(`purged meanwhile: ${hashes.join(", ")}`);
  }
}

/** Attempts of the transaction in case of deadlocks, such as with a rendering. */
const ATTEMPTS = 3;

/**
 * Stores the bytes that the company does not have yet, then records all files and `inTransaction` in one transaction.
 * Bytes first, rows after: no row is ever without its bytes. Bytes without a row, because equal ones were first or the
 * transaction failed, are removed again; if the process dies before, the sweep does it.
 */
export async function storeAndRecord<Result, Uploader extends Identified>(
  deps: RecordDeps,
  request: RecordRequest<Result, Uploader>,
): Promise<Result> {
  const byHash = new Map(request.files.map((file) => [contentOf(file).sha256, file]));
  const known = await findStoredBytes(deps, request.companyId, [...byHash.keys()]);
  const stored = new Map<string, NewBlob>();
  let missing = [...byHash.keys()].filter((hash) => !known.has(hash));
  const { step } = deps.observer;
  let attempts = ATTEMPTS;
  let outcome: "open" | "refused" | "unknown" | ReadonlySet<string> = "open";
  try {
    for (;;) {
      outcome = "refused";
      for (const hash of missing.sort()) {
        const file = byHash.get(hash);
        if (file)
          stored.set(hash, await step("store", () => store(deps, request.companyId, request.bucket, file)));
      }
      try {
        outcome = "unknown";
        const { claimed, result } = await step("record", () =>
          deps.db.transaction((tx) => record(deps, tx, request, [...byHash.keys()], stored)),
        );
        outcome = new Set(claimed.map((blob) => blob.storageKey));
        return result;
      } catch (error) {
        outcome = commitIsInDoubt(error) ? "unknown" : "refused";
        if (isDeadlock(error) && --attempts > 0) {
          missing = []; // what was stored is still there
          continue;
        }
        if (!(error instanceof BytesPurged)) throw error;
        missing = [...error.hashes];
      }
    }
  } finally {
    await removeSurplus(deps, { stored: [...stored.values()], files: request.files, outcome });
  }
}

/** What is recorded of the bytes of a file. */
function contentOf(file: CheckedFile): { sha256: string; size: number; mimeType: string } {
  if ("stagedUploadId" in file) return file.blob;
  return { sha256: file.sha256, size: file.size, mimeType: file.type.mimeType };
}

async function record<Result, Uploader extends Identified>(
  { buckets, jobs, clock }: RecordDeps,
  tx: Database,
  request: RecordRequest<Result, Uploader>,
  hashes: readonly string[],
  stored: ReadonlyMap<string, NewBlob>,
) {
  const { viewer, companyId, bucket, files, inTransaction } = request;
  const uploader = authorshipOf(viewer);
  await request.prepare?.(tx);
  // Sent together, in this order. Both are awaited: if one fails, the other must not send anything after the rollback.
  const confirming = request.permit && confirmViewer(tx, request);
  const claiming = claimBlobs(tx, companyId, hashes, stored);
  await Promise.allSettled([confirming, claiming]);
  const confirmed = await confirming;
  if (confirmed !== null) await request.permit?.(tx, confirmed);
  const { upserted, claimed } = await claiming;
  const blobOf = new Map(claimed.map((blob) => [blob.sha256, blob.id]));
  const purged = hashes.filter((hash) => !blobOf.has(hash));
  if (purged.length > 0) throw new BytesPurged(purged);
  refuseInfected(claimed);
  const statusOf = await variantsStatusOf(tx, buckets[bucket], claimed, stored);
  const rows = files.map((file) => {
    const { fileName } = file;
    const { sha256, size, mimeType } = contentOf(file);
    const blobId = blobOf.get(sha256);
    if (blobId === undefined) throw new BytesPurged([sha256]);
    const variantsStatus = statusOf(blobId, mimeType);
    return { companyId, bucket, uploader, fileName, size, mimeType, blobId, variantsStatus };
  });
  for (const blob of upserted) if (blob.isHealed) await recordRecovery(tx, companyId, blob.id);
  const recorded = await insertMediaFiles(tx, rows);
  const ids = recorded.map(({ id }) => id);
  const taken = files.flatMap((file, index) => {
    const mediaFileId = ids[index];
    if (!("stagedUploadId" in file) || mediaFileId === undefined) return [];
    return [{ stagedUploadId: file.stagedUploadId, mediaFileId }];
  });
  await takeStagedFiles(tx, viewer, taken, { companyId, bucket, clock });
  if (!request.isReplacement) recordFileEvents(tx, companyId, "file.added", ids);
  const toScan = blobsToScan(claimed, files);
  await requestScans(
    { jobs, tx },
    [...toScan].map((id) => ({ id, companyId })),
  );
  const waiting = new Set(claimed.flatMap(({ id, scanStatus }) => (scanStatus === "PENDING" ? id : [])));
  const pending = recorded.filter(
    ({ variantsStatus, blobId }) => variantsStatus === "PENDING" && !waiting.has(blobId),
  );
  await requestVariants(
    { jobs, tx },
    pending.map(({ id }) => ({ id, companyId })),
  );
  const result = await inTransaction(tx, recorded);
  await chargeStorage(tx, companyId, sizeOfNew(upserted, stored));
  return { claimed, result };
}

const sizeOfNew = (upserted: readonly UpsertedBlob[], stored: ReadonlyMap<string, NewBlob>): number =>
  upserted.reduce((sum, { isNew, sha256 }) => sum + (isNew ? (stored.get(sha256)?.size ?? 0) : 0), 0);

/** Bytes that the company has in quarantine are no upload, whatever a scan of them says today. */
function refuseInfected(claimed: readonly ClaimedBlob[]): void {
  if (claimed.some(({ scanStatus }) => scanStatus === "INFECTED" || scanStatus === "QUARANTINED"))
    throw new FiledeskError("FILE_INFECTED", "This file holds malware and was not stored.");
}

/** Those that wait for a verdict, and those from before there was a scanner, which gets to see them now. */
function blobsToScan(claimed: readonly ClaimedBlob[], files: readonly CheckedFile[]): ReadonlySet<string> {
  const scanned = new Set(
    files.flatMap((file) => (checkedStatus(file) === "NOT_SCANNED" ? [] : contentOf(file).sha256)),
  );
  return new Set(
    claimed.flatMap(({ id, sha256, scanStatus }) =>
      scanStatus === "PENDING" || (scanStatus === "NOT_SCANNED" && scanned.has(sha256)) ? id : [],
    ),
  );
}

const checkedStatus = (file: CheckedFile) =>
  "stagedUploadId" in file ? file.blob.scanStatus : file.scanStatus;

async function claimBlobs(
  tx: Database,
  companyId: string,
  hashes: readonly string[],
  stored: ReadonlyMap<string, NewBlob>,
): Promise<{ upserted: UpsertedBlob[]; claimed: ClaimedBlob[] }> {
  const inOrder = [...stored.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const known = hashes.filter((hash) => !stored.has(hash));
  const upserted = await upsertBlobs(tx, companyId, inOrder);
  return { upserted, claimed: [...upserted, ...(await lockBlobs(tx, companyId, known))] };
}

interface Recording {
  readonly stored: readonly NewBlob[];
  readonly files: readonly CheckedFile[];
  readonly outcome: "open" | "refused" | "unknown" | ReadonlySet<string>;
}

/** The bytes of a staged upload remain with it, unless it has been used and the company had equal bytes already. */
async function removeSurplus({ storage }: StoreDeps, { stored, files, outcome }: Recording): Promise<void> {
  if (outcome === "unknown") return;
  const staged = files.flatMap((file) => ("stagedUploadId" in file ? [file.blob.storageKey] : []));
  const isUsed = typeof outcome !== "string";
  const kept = new Set(isUsed ? outcome : staged);
  const keys = new Set([...stored.map((blob) => blob.storageKey), ...(isUsed ? staged : [])]);
  const surplus = [...keys].filter((key) => !kept.has(key));
  // What cannot be removed now is left to the sweep: a successful upload does not fail for it.
  if (surplus.length > 0) await storage.delete(surplus).catch(() => {});
}
