import { gone } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import { findReplyState } from "./ticket-quota.repository.js";

/** What never changes of a reply. */
export interface ReplyTicket {
  readonly ticketId: string;
  /** Whether only staff may know of the reply. */
  readonly isInternal: boolean;
}

const cached = new WeakMap<Database, Map<string, Promise<ReplyTicket>>>();

/** The ticket of a reply; read once in a transaction. @throws GONE when the reply has been purged */
export function requireReplyTicket(tx: Database, replyId: string): Promise<ReplyTicket> {
  const byReply = cached.get(tx) ?? new Map<string, Promise<ReplyTicket>>();
  cached.set(tx, byReply);
  const found = byReply.get(replyId) ?? read(tx, replyId);
  byReply.set(replyId, found);
  return found;
}

async function read(tx: Database, replyId: string): Promise<ReplyTicket> {
  const reply = await findReplyState(tx, replyId);
  if (reply === null) throw gone("reply");
  return reply;
}
