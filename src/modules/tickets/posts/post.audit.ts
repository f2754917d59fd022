import type { Database } from "../../../platform/database/client.js";
import type { AuditEntry } from "../../identity/audit/audit.repository.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { AuditAction, AuditActionOn } from "../../identity/audit/audit-action.js";
import type { UserViewer } from "../../identity/viewer.js";
import type { PostRow } from "./post.tables.js";
import { resourceTypeOf } from "./post-usage.js";

/** What posting a kind of post is called in the audit log. */
export const POSTED = {
  PHOTO: "photo.posted",
  PHOTO_SERIES: "photo-series.posted",
  VIDEO_CLIP: "clip.posted",
} as const satisfies Readonly<Record<PostRow["kind"], AuditAction>>;

/** Writes down what somebody did to a post, in the transaction that does it. */
export const auditPost = (
  tx: Database,
  by: UserViewer,
  action: AuditActionOn<"photo" | "photo-series" | "clip" | "post">,
  post: Pick<PostRow, "id" | "companyId" | "kind" | "ticketId">,
  details: AuditEntry["details"] = {},
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId: post.companyId,
    by,
    action,
    subjectType: resourceTypeOf(post.kind),
    subjectId: post.id,
    details: { ticketId: post.ticketId, ...details },
  });
