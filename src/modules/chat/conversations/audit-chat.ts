import type { Database } from "../../../platform/database/client.js";
import { insertAuditEntry } from "../../identity/audit/audit.repository.js";
import type { Actor } from "../../identity/viewer.js";

/** What the audit log says of a chat: who was let in and sent away, and what went for good. */
export interface ChatAudit {
  readonly action: string;
  readonly subjectType: "conversation" | "guest" | "message";
  readonly subjectId: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Writes down what somebody did in a chat, in the transaction that does it. */
export const auditChat = (
  tx: Database,
  actor: Pick<Actor, "id">,
  companyId: string,
  entry: ChatAudit,
): Promise<void> => insertAuditEntry(tx, { companyId, actorId: actor.id, ...entry });
