import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { Identified } from "../../identity/viewer.js";

/** Audits an action on a media file, in its transaction. */
export async function auditMediaFile(
  tx: Database,
  viewer: Identified,
  what:
    | "uploaded"
    | "updated"
    | "replaced"
    | "deleted"
    | "restored"
    | "usage-added"
    | "usage-removed"
    | "released"
    | "destroyed",
  file: { readonly id: string; readonly companyId: string },
  details?: Readonly<Record<string, unknown>>,
): Promise<void> {
  await insertAuditEntry(tx, {
    companyId: file.companyId,
    by: viewer,
    action: `media-file.${what}`,
    subjectType: "media-file",
    subjectId: file.id,
    ...(details && { details }),
  });
}
