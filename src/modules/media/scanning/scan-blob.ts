import type { Scanner, ScanResult } from "../../../platform/scanner/scanner.js";
import { ScanFault, ScanRefused } from "../../../platform/scanner/scanner.js";
import type { Storage } from "../../../platform/storage/storage.js";
import { ObjectNotFound, WrongSize } from "../../../platform/storage/storage.js";
import type { BlobRow } from "../blob.tables.js";
import type { RequestVariants } from "../variants/request-variants.js";
import { announceScan } from "./announce-scan.js";
import type { QuarantineDeps } from "./quarantine.js";
import { moveToQuarantine, recordInfection } from "./quarantine.js";
import type { ScanFileData } from "./request-scans.js";
import {
  findScannedBlob,
  forgetRequest,
  keepRequest,
  listUnrenderedOfBlob,
  lockScannedBlob,
  postponeScan,
  updateScan,
} from "./scan.repository.js";

export interface ScanBlobDeps extends QuarantineDeps {
  readonly scanner: Scanner;
  readonly storage: Storage;
  /** Requests the variants of these files, in the transaction. */
  readonly requestVariants: RequestVariants;
  readonly log: { warn(details: object, message: string): void };
}

export type ScanOutcome =
  | "purged"
  | "clean"
  | "quarantined"
  | "scanned before"
  /** There is no scanner here, or it gives no verdict: the file keeps its status and its request, and is scanned later. */
  | "no scanner"
  | "no verdict"
  | "unreadable";

/** Scans stored bytes and records the verdict. Idempotent; the bytes are only read until they are infected. */
export async function scanBlob(
  deps: ScanBlobDeps,
  { blobId, again = false }: ScanFileData,
  signal?: AbortSignal,
): Promise<ScanOutcome> {
  const blob = await findScannedBlob(deps.db, blobId);
  if (blob === null) return "purged";
  if (blob.scanStatus === "INFECTED") return move(deps, blob);
  if (blob.integrity === "DESTROYED") return forget(deps, blob);
  const isDone = blob.scanStatus === "CLEAN" || blob.scanStatus === "QUARANTINED";
  if (isDone && !again) return render(deps, blob);
  if (!deps.scanner.isOn) return "no scanner";
  const verdict = await scanBytes(deps, { blob, again }, signal);
  if (typeof verdict === "string") return verdict;
  if (verdict.status === "not-scanned") return "no scanner";
  if (verdict.status === "clean") return recordClean(deps, blob);
  const recorded = await recordInfection(deps, blob, verdict.signature);
  if (recorded !== "withheld") return recorded === null ? "purged" : "scanned before";
  const infected = await findScannedBlob(deps.db, blobId);
  return infected === null ? "purged" : move(deps, infected);
}

async function move(deps: ScanBlobDeps, blob: BlobRow): Promise<ScanOutcome> {
  if (blob.scanStatus === "INFECTED") await moveToQuarantine(deps, blob);
  return "quarantined";
}

/** The scan was requested before the bytes were destroyed. */
async function forget({ db }: ScanBlobDeps, blob: BlobRow): Promise<ScanOutcome> {
  await forgetRequest(db, blob);
  return "scanned before";
}

/** An upload may have recorded a file of these bytes while they were being scanned: it did not ask for its variants. */
async function render({ db, requestVariants }: ScanBlobDeps, blob: BlobRow): Promise<ScanOutcome> {
  if (blob.scanStatus === "CLEAN")
    await db.transaction(async (tx) => requestVariants(tx, await listUnrenderedOfBlob(tx, blob)));
  return "scanned before";
}

async function scanBytes(
  { db, scanner, storage, log }: ScanBlobDeps,
  { blob, again }: { readonly blob: BlobRow; readonly again: boolean },
  signal: AbortSignal | undefined,
): Promise<ScanResult | ScanOutcome> {
  const { companyId, storageKey, size } = blob;
  try {
    return await scanner.scan({ size, open: () => storage.get(storageKey, undefined, size) }, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const isDamaged = error instanceof ObjectNotFound || error instanceof WrongSize;
    if (!isDamaged && !(error instanceof ScanFault)) throw error;
    // While the scanner is down, nothing is postponed: everything is scanned as soon as it is back.
    if (isDamaged || (await answers(scanner))) await postponeScan(db, blob);
    else if (again) await keepRequest(db, blob);
    const message =
      error instanceof ScanRefused ? TOO_LARGE : "a file got no verdict and is scanned again later";
    log.warn({ err: error, companyId, storageKey, size }, message);
    return isDamaged ? "unreadable" : "no verdict";
  }
}

const TOO_LARGE =
  "the scanner does not look at a file of this size: raise the scanner's limits; until then, it stays as it is";

const answers = (scanner: Scanner): Promise<boolean> =>
  scanner.check().then(
    () => true,
    () => false,
  );

/** A quarantined file stays there until a manager releases it: the scanner may have forgotten a signature. */
async function recordClean(deps: ScanBlobDeps, blob: BlobRow): Promise<ScanOutcome> {
  const { db, onScanned, requestVariants } = deps;
  return db.transaction(async (tx) => {
    const before = await lockScannedBlob(tx, blob);
    if (before === null) return "purged";
    if (before.scanStatus === "INFECTED" || before.scanStatus === "QUARANTINED") {
      await forgetRequest(tx, blob);
      return "scanned before";
    }
    await updateScan(tx, blob, { scanStatus: "CLEAN", scanResult: null });
    if (before.scanStatus === "CLEAN") return "clean";
    await announceScan({ tx, onScanned }, blob, "file.scanned");
    await requestVariants(tx, await listUnrenderedOfBlob(tx, blob));
    return "clean";
  });
}
