import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit.repository.js";
import type { UserViewer } from "../../identity/viewer.js";
import { filesHappened } from "../file-events.js";

/** Visible changes of a file. The events of its addition and removal are written where its row is. */
const CHANGES: ReadonlySet<string> = new Set(["updated", "replaced", "usage-added", "usage-removed"]);

/** Writes down what somebody did to a media file, in the transaction that does it, and tells of its changes. */
export async function auditMediaFile(
  tx: Database,
  viewer: UserViewer,
  what: "uploaded" | "updated" | "replaced" | "deleted" | "restored" | "usage-added" | "usage-removed",
  file: { readonly id: string; readonly companyId: string },
  details?: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (CHANGES.has(what)) filesHappened(tx, file.companyId, "file.updated", [file.id]);
  await insertAuditEntry(tx, {
    companyId: file.companyId,
    actorId: viewer.id,
    action: `media-file.${what}`,
    subjectType: "media-file",
    subjectId: file.id,
    ...(details && { details }),
  });
}
