import type { AuthorizeUpload } from "../../media/uploads/upload-targets.js";
import { conversationClosed } from "../conversations/conversation.errors.js";
import { requireConversation } from "../conversations/find-conversation.js";

/** Whoever may send a message may send it with files. */
export const authorizeMessageUpload: AuthorizeUpload = async (db, viewer, { id }) => {
  const { viewer: by, conversation } = await requireConversation(db, viewer, id, "sendTo");
  if (conversation.closedAt !== null) throw conversationClosed();
  return { viewer: by, companyId: conversation.companyId };
};
