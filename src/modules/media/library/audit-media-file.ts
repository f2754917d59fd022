import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit.repository.js";
import type { UserViewer } from "../../identity/viewer.js";

/** Writes down what somebody did to a media file, in the transaction that does it. */
export const auditMediaFile = (
  tx: Database,
  viewer: UserViewer,
  what: string,
  file: { readonly id: string; readonly companyId: string },
  details?: Readonly<Record<string, unknown>>,
) =>
  insertAuditEntry(tx, {
    companyId: file.companyId,
    actorId: viewer.id,
    action: `media-file.${what}`,
    subjectType: "media-file",
    subjectId: file.id,
    ...(details && { details }),
  });
