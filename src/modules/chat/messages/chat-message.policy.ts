import type { Policy } from "../../../kernel/authorize.js";
import type { Viewer } from "../../identity/viewer.js";
import { isAuthor, isManagerOf } from "../../identity/viewer.js";
import type { ConversationSubject } from "../conversations/conversation.policy.js";
import { conversationPolicy } from "../conversations/conversation.policy.js";
import type { ChatMessageRow } from "./chat-message.tables.js";

/** A message and its conversation. */
export interface ChatMessageSubject {
  readonly message: Pick<ChatMessageRow, "senderId" | "senderGuestId">;
  readonly conversation: ConversationSubject;
}

const read = (viewer: Viewer, { conversation }: ChatMessageSubject) =>
  conversationPolicy.read(viewer, conversation);
/** Only the sender may change a message; staff and administrators may not. */
const own = (viewer: Viewer, subject: ChatMessageSubject) => {
  const { senderId: userId, senderGuestId: guestId } = subject.message;
  return read(viewer, subject) && isAuthor(viewer, { userId, guestId });
};

export const chatMessagePolicy = {
  subject: "message",
  viewers: ["user", "guest"],
  read,
  edit: own,
  attachTo: own,
  delete: own,
  purge: (viewer: Viewer, { conversation }: ChatMessageSubject) =>
    isManagerOf(viewer, conversation.companyId),
} satisfies Policy<Viewer, ChatMessageSubject>;
