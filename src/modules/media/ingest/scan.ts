import { createReadStream } from "node:fs";
import { SECOND_MS } from "../../../kernel/clock.js";
import { FiledeskError } from "../../../kernel/errors.js";
import type { Scanner } from "../../../platform/scanner/scanner.js";
import { ScanFault } from "../../../platform/scanner/scanner.js";
import type { Inspected } from "./inspect/inspect.js";

declare const proof: unique symbol;

/**
 * A file that may be stored: the scanner has found nothing, has not looked yet (`PENDING`: nobody downloads it until it
 * has), or there is none. Only `scan` makes one.
 */
export interface Scanned extends Inspected {
  readonly [proof]: "scanned";
  readonly scanStatus: "CLEAN" | "PENDING" | "NOT_SCANNED";
}

export interface ScanDeps {
  readonly scanner: Scanner;
  /** The largest file that is scanned before the upload is answered, in bytes. */
  readonly scanInlineBytes: number;
  readonly log: { warn(details: object, message: string): void };
  /** Whether a manager of the company has released equal bytes from quarantine, with this signature. */
  readonly isReleased: (signature: string) => Promise<boolean>;
  /** Records that an infected file was refused. */
  readonly onInfected: (signature: string) => Promise<void>;
}

/** A request waits no longer for the scanner. The file is stored then, and scanned by a job. */
const INLINE_MS = 20 * SECOND_MS;

/** Scans a small file for malware; a large one is left to the job. @throws FILE_INFECTED */
export async function scan(inspected: Inspected, deps: ScanDeps): Promise<Scanned> {
  const { scanner, scanInlineBytes, isReleased, onInfected } = deps;
  if (scanner.isOn && inspected.size > scanInlineBytes) return as(inspected, "PENDING");
  const result = await scanNow(inspected, deps);
  if (result === null) return as(inspected, "PENDING");
  if (result.status === "infected") {
    // The verdict is that of the bytes that the company has; should they be purged meanwhile, these wait for their own.
    if (await isReleased(result.signature)) return as(inspected, "PENDING");
    await onInfected(result.signature);
    throw new FiledeskError("FILE_INFECTED", "This file holds malware and was not stored.");
  }
  return as(inspected, result.status === "clean" ? "CLEAN" : "NOT_SCANNED");
}

const as = (inspected: Inspected, scanStatus: Scanned["scanStatus"]) =>
  ({ ...inspected, scanStatus }) as Scanned;

/** Null without a verdict: no answer never counts as "clean", nor as a detection. */
async function scanNow({ temp, size }: Inspected, { scanner, log }: ScanDeps) {
  try {
    return await scanner.scan(
      { size, open: () => createReadStream(temp.path) },
      AbortSignal.timeout(INLINE_MS),
    );
  } catch (error) {
    if (!(error instanceof ScanFault)) throw error;
    log.warn({ err: error, size }, "the scanner gave no verdict on an upload: it is scanned again later");
    return null;
  }
}
