import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit.repository.js";
import type { UserViewer } from "../../identity/viewer.js";
import { filesHappened } from "../file-events.js";

/** What shows on a file that stays where it was. That one comes or goes is told where its row does. */
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
