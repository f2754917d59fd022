import type { Database } from "../../platform/database/client.js";
import { insertAuditEntry } from "../identity/audit/audit.repository.js";
import type { AuditActionOn } from "../identity/audit/audit-action.js";
import type { UserViewer } from "../identity/viewer.js";
import type { ReplyRow } from "./reply.tables.js";

/** Writes down what somebody did to a reply, in the transaction that does it. */
export const auditReply = (
  tx: Database,
  by: UserViewer,
  action: AuditActionOn<"reply">,
  { id, companyId }: Pick<ReplyRow, "id" | "companyId">,
): Promise<void> => insertAuditEntry(tx, { companyId, by, action, subjectType: "reply", subjectId: id });
