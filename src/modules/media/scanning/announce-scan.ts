import type { Database } from "../../../platform/database/client.js";
import type { BytesEventType } from "../media-file.events.js";
import { recordByteEvents } from "../media-file.events.js";
import type { BlobToScan } from "./request-scans.js";
import { listFilesOfBytes } from "./scan.repository.js";

/** The most files that an event names. */
const FILES_NAMED = 100;

/** Tells those who see what uses these files, in the transaction that changes their state. */
export type OnScanned = (tx: Database, companyId: string, mediaFileIds: readonly string[]) => Promise<void>;

/** Records the events of a blob whose scan status has changed. @returns the files that they name */
export async function announceScan(
  { tx, onScanned }: { readonly tx: Database; readonly onScanned: OnScanned },
  blob: BlobToScan,
  type: BytesEventType,
): Promise<readonly string[]> {
  const ids = await listFilesOfBytes(tx, blob, FILES_NAMED);
  recordByteEvents(tx, blob.companyId, type, ids);
  await onScanned(tx, blob.companyId, ids);
  return ids;
}
