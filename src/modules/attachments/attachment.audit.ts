import type { Database } from "../../platform/database/client.js";
import { insertAuditEntry } from "../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../identity/audit/audit-action.js";
import type { Actor } from "../identity/viewer.js";
import type { MediaUsage } from "../media/media-usage.repository.js";

/** How an attachment stands among the usages of its media file. */
export const usageOf = (attachment: {
  readonly id: string;
  readonly companyId: string;
  readonly mediaFileId: string;
}): MediaUsage => ({
  companyId: attachment.companyId,
  mediaFileId: attachment.mediaFileId,
  resourceType: "attachment",
  resourceId: attachment.id,
  fieldName: "file",
});

/** Writes down what somebody did to an attachment, in the transaction that does it. */
export const auditAttachment = (
  tx: Database,
  by: Actor,
  action: AuditActionOn<"attachment">,
  attachment: { readonly id: string; readonly companyId: string },
) =>
  insertAuditEntry(tx, {
    companyId: attachment.companyId,
    actorId: by.id,
    action,
    subjectType: "attachment",
    subjectId: attachment.id,
  });
