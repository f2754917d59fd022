import type { Database } from "../../../platform/database/client.js";
import { writeAs } from "../../identity/confirm-viewer.js";
import { lockConversation } from "../conversations/conversation.repository.js";
import type { FoundMessage, MessageAction } from "./find-message.js";
import { requireMessage } from "./find-message.js";

/**
 * Runs a transaction that changes a message that the viewer has been authorised to change, and authorises again under
 * the lock of its conversation.
 *
 * @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN
 */
export function changeMessage<Result>(
  db: Database,
  { viewer, message, conversation: { id: conversationId, companyId } }: FoundMessage,
  action: MessageAction,
  change: (tx: Database, found: FoundMessage) => Promise<Result>,
): Promise<Result> {
  const lock = (tx: Database) => lockConversation(tx, conversationId);
  return writeAs(db, { viewer, companyId, lock }, async (tx, known) =>
    change(tx, await requireMessage(tx, known, message.id, action)),
  );
}
