import type { Database } from "../../../platform/database/client.js";
import type { BytesEventType } from "../media-file.events.js";
import { recordByteEvents } from "../media-file.events.js";
import type { BlobToScan } from "./request-scans.js";
import { listFilesOfBytes } from "./scan.repository.js";

/** The most files that an event names; more have further events. */
const FILES_NAMED = 100;

/** Tells those who see what uses these files, in the transaction that changes their state. */
export type OnScanned = (tx: Database, companyId: string, mediaFileIds: readonly string[]) => Promise<void>;

/**
 * Records the events of a blob whose scan status has changed, for all of its files.
 *
 * @param alsoFor what else is to be done for files, some at a time
 */
export async function announceScan(
  { tx, onScanned }: { readonly tx: Database; readonly onScanned: OnScanned },
  blob: BlobToScan,
  type: BytesEventType,
  alsoFor?: (mediaFileIds: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let after: string | null = null; ; ) {
    const ids: string[] = await listFilesOfBytes(tx, blob, after, FILES_NAMED);
    if (ids.length === 0) return;
    recordByteEvents(tx, blob.companyId, type, ids);
    await onScanned(tx, blob.companyId, ids);
    await alsoFor?.(ids);
    after = ids.at(-1) ?? null;
  }
}
