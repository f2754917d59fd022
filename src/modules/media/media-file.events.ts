import type { Database } from "../../platform/database/client.js";
import { recordEvent } from "../../platform/events/log/record-event.js";

/** What is told of one file to those who follow its company's files. */
export type FileEventType =
  | "file.added"
  | "file.updated"
  | "file.deleted"
  | "file.restored"
  | "file.purged"
  | "file.variants-ready"
  | "file.variants-failed";

/** What is told once of all files that share the bytes that somebody has looked at. */
export type BytesEventType = "file.altered" | "file.missing" | "file.recovered";

const topicOf = (companyId: string) => `media:${companyId}`;

/** Says in a transaction what it does to files of a company: an event each. */
export function recordFileEvents(
  tx: Database,
  companyId: string,
  type: FileEventType,
  mediaFileIds: readonly string[],
): void {
  for (const mediaFileId of mediaFileIds)
    recordEvent(tx, { topic: topicOf(companyId), companyId, type, payload: { mediaFileId } });
}

/** Says in a transaction what it has found out about bytes, and which files they are the bytes of. */
export function recordByteEvents(
  tx: Database,
  companyId: string,
  type: BytesEventType,
  mediaFileIds: readonly string[],
): void {
  recordEvent(tx, { topic: topicOf(companyId), companyId, type, payload: { mediaFileIds } });
}

/** Says in a transaction that a company looks otherwise than before. */
export function recordBrandingEvents(tx: Database, companyId: string): void {
  recordEvent(tx, {
    topic: topicOf(companyId),
    companyId,
    type: "company.branding-changed",
    payload: { companyId },
  });
}
