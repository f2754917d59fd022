import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../audit/audit.repository.js";
import type { MembershipRow } from "../membership.tables.js";
import type { Viewer } from "../viewer.js";
import { actorOf } from "../viewer.js";

/** Writes down what became of a membership, in its company. */
export const auditMembership = (
  tx: Database,
  by: Viewer,
  { id, companyId, userId, role }: MembershipRow,
  what: "set" | "removed",
): Promise<void> =>
  insertAuditEntry(tx, {
    companyId,
    actorId: actorOf(by),
    action: `membership.${what}`,
    subjectType: "membership",
    subjectId: id,
    details: { userId, role },
  });
