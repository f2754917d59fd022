import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../../identity/audit/audit-action.js";
import type { UserViewer } from "../../identity/viewer.js";

/** Audits an action on an avatar, in the company that keeps its file. */
export const auditAvatar = (
  tx: Database,
  by: UserViewer,
  action: AuditActionOn<"user">,
  avatar: { readonly companyId: string; readonly userId: string; readonly mediaFileId: string },
) =>
  insertAuditEntry(tx, {
    companyId: avatar.companyId,
    by,
    action,
    subjectType: "user",
    subjectId: avatar.userId,
    details: { mediaFileId: avatar.mediaFileId },
  });
