import type { Database } from "../../../platform/database/client.js";
import type { FileEventType } from "../media-file.events.js";
import { recordFileEvents } from "../media-file.events.js";
import type { MediaFileView } from "../media-file.repository.js";

/** Tells those who see what uses these files, in the transaction that changes the status of their variants. */
export type OnRendered = (tx: Database, companyId: string, mediaFileIds: readonly string[]) => Promise<void>;

/** Records the events of the variants of a file. An earlier version has none. */
export async function announceVariants(
  { tx, onRendered }: { readonly tx: Database; readonly onRendered: OnRendered },
  { id, companyId, versionOf }: Pick<MediaFileView, "id" | "companyId" | "versionOf">,
  type: FileEventType,
): Promise<void> {
  if (versionOf !== null) return;
  recordFileEvents(tx, companyId, type, [id]);
  await onRendered(tx, companyId, [id]);
}
