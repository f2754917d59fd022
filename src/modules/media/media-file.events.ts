import type { Database } from "../../platform/database/client.js";
import { recordEvent } from "../../platform/events/log/record-event.js";

/** Events of one file, for the subscribers to its company's files. */
export type FileEventType =
  | "file.added"
  | "file.updated"
  | "file.deleted"
  | "file.restored"
  | "file.purged"
  | "file.variants-ready"
  | "file.variants-failed";

/** Events of a blob: one event for all files that share its bytes. */
export type BytesEventType = IntegrityEventType | ScanEventType;
export type IntegrityEventType = "file.altered" | "file.missing" | "file.recovered";
/** Nothing was found in them, or malware, which a manager has released or destroyed. */
export type ScanEventType = "file.scanned" | "file.infected" | "file.released" | "file.destroyed";

/** Events of the company whose files they are. */
export type CompanyEventType = "company.branding-changed" | "company.storage-threshold";

const topicOf = (companyId: string) => `media:${companyId}`;

/** Records an event for each file, in the transaction that changes them. */
export function recordFileEvents(
  tx: Database,
  companyId: string,
  type: FileEventType,
  mediaFileIds: readonly string[],
): void {
  for (const mediaFileId of mediaFileIds)
    recordEvent(tx, { topic: topicOf(companyId), companyId, type, payload: { mediaFileId } });
}

/** Records one event for all files of a blob, in the transaction that records the finding. */
export function recordByteEvents(
  tx: Database,
  companyId: string,
  type: BytesEventType,
  mediaFileIds: readonly string[],
): void {
  recordEvent(tx, { topic: topicOf(companyId), companyId, type, payload: { mediaFileIds } });
}

export interface ReachedThreshold {
  /** In percent of the limit. */
  readonly threshold: number;
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Records that the files of a company take so much of its limit. */
export function recordStorageEvent(tx: Database, companyId: string, reached: ReachedThreshold): void {
  recordEvent(tx, {
    topic: topicOf(companyId),
    companyId,
    type: "company.storage-threshold" satisfies CompanyEventType,
    payload: { ...reached },
  });
}

/** Records that the branding of a company has changed. */
export function recordBrandingEvents(tx: Database, companyId: string): void {
  recordEvent(tx, {
    topic: topicOf(companyId),
    companyId,
    type: "company.branding-changed" satisfies CompanyEventType,
    payload: { companyId },
  });
}
