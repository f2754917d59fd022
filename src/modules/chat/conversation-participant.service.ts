import type { Database } from "../../platform/database/client.js";
import { viewerChanged } from "../../platform/events/viewer-changed.js";
import type { Viewer } from "../identity/viewer.js";
import { isUser } from "../identity/viewer.js";
import { auditChat } from "./audit-chat.js";
import type { ConversationView } from "./conversation.repository.js";
import { lockConversation } from "./conversation.repository.js";
import { notOfCompany, tooManyParticipants } from "./conversation.service.js";
import { happenedIn } from "./conversation-events.js";
import {
  countParticipants,
  deleteParticipant,
  insertParticipants,
  listMembersAmong,
  MAX_PARTICIPANTS,
} from "./conversation-participant.repository.js";
import { requireConversation, rereadConversation } from "./find-conversation.js";

/** Who takes part in which conversation. */
export interface Participation {
  readonly conversationId: string;
  readonly userId: string;
}

export type ConversationParticipantService = ReturnType<typeof createConversationParticipantService>;

export const createConversationParticipantService = ({ db }: { readonly db: Database }) => ({
  /** @throws BAD_USER_INPUT for who does not belong to the company, and when there are too many */
  async addParticipant(viewer: Viewer, { conversationId, userId }: Participation): Promise<ConversationView> {
    const found = await requireConversation(db, viewer, conversationId, "manageParticipantsOf");
    const { conversation, viewer: by } = found;
    const { companyId } = conversation;
    if (!(await listMembersAmong(db, companyId, [userId])).has(userId))
      throw notOfCompany("userId", [userId]);
    await db.transaction(async (tx) => {
      await lockConversation(tx, conversationId);
      const added = await insertParticipants(tx, { companyId, conversationId, userIds: [userId] });
      if (added.length === 0) return;
      if ((await countParticipants(tx, companyId, conversationId)) > MAX_PARTICIPANTS)
        throw tooManyParticipants();
      await auditChat(tx, by, companyId, {
        action: "conversation.participant-added",
        subjectType: "conversation",
        subjectId: conversationId,
        details: { userId },
      });
      happenedIn(tx, conversation, "participant.joined", { userId });
    });
    return rereadConversation(db, viewer, conversationId);
  },

  /**
   * For staff, and for the participants themselves.
   *
   * @returns the conversation as it was, for who may see it no more
   */
  async removeParticipant(
    viewer: Viewer,
    { conversationId, userId }: Participation,
  ): Promise<ConversationView> {
    const action = isUser(viewer, userId) ? "read" : "manageParticipantsOf";
    const { conversation, viewer: by } = await requireConversation(db, viewer, conversationId, action);
    const { companyId } = conversation;
    await db.transaction(async (tx) => {
      await lockConversation(tx, conversationId);
      if (!(await deleteParticipant(tx, companyId, conversationId, userId))) return;
      await auditChat(tx, by, companyId, {
        action: "conversation.participant-removed",
        subjectType: "conversation",
        subjectId: conversationId,
        details: { userId },
      });
      happenedIn(tx, conversation, "participant.left", { userId });
      viewerChanged(tx, userId);
    });
    return rereadConversation(db, viewer, conversationId);
  },
});
