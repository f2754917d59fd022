import type { ActionOf } from "../../../kernel/authorize.js";
import { authorize } from "../../../kernel/authorize.js";
import { isId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import { tenantsReachedBy } from "../../identity/viewer.js";
import type { FoundConversation } from "../conversations/find-conversation.js";
import { lookUpConversation } from "../conversations/find-conversation.js";
import { chatMessagePolicy } from "./chat-message.policy.js";
import type { ChatMessageView } from "./chat-message.repository.js";
import { findMessage } from "./chat-message.repository.js";

export type MessageAction = ActionOf<typeof chatMessagePolicy>;

export interface FoundMessage extends FoundConversation {
  readonly message: ChatMessageView;
}

/** Deleted or not. @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN */
export async function requireMessage(
  db: Database,
  viewer: Viewer,
  id: string,
  action: MessageAction,
): Promise<FoundMessage> {
  const message = isId(id) ? await findMessage(db, tenantsReachedBy(viewer), id) : null;
  const conversation = message && (await lookUpConversation(db, viewer, message.conversationId));
  const found = message && conversation ? { message, conversation } : null;
  const allowed = authorize(chatMessagePolicy, action, viewer, found);
  return { viewer: allowed.viewer, ...allowed.subject };
}
