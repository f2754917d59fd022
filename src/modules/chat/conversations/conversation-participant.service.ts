import type { Database } from "../../../platform/database/client.js";
import { viewerChanged } from "../../../platform/events/log/viewer-changed.js";
import type { Viewer } from "../../identity/viewer.js";
import { isUser } from "../../identity/viewer.js";
import { changeConversation } from "./change-conversation.js";
import { auditConversation } from "./conversation.audit.js";
import { notOfCompany, tooManyParticipants } from "./conversation.errors.js";
import { recordConversationEvent } from "./conversation.events.js";
import type { ConversationView } from "./conversation.repository.js";
import {
  countParticipants,
  deleteParticipant,
  insertParticipants,
  MAX_PARTICIPANTS,
} from "./conversation-participant.repository.js";
import { rereadConversation } from "./find-conversation.js";

/** A participant of a conversation. */
export interface Participation {
  readonly conversationId: string;
  readonly userId: string;
}

export type ConversationParticipantService = ReturnType<typeof createConversationParticipantService>;

export const createConversationParticipantService = ({ db }: { readonly db: Database }) => ({
  /** @throws BAD_USER_INPUT for who does not belong to the company or is locked out, and when there are too many */
  async addParticipant(
    viewer: Viewer,
    { conversationId: id, userId }: Participation,
  ): Promise<ConversationView> {
    // The membership is locked, so that a person who leaves the company meanwhile does not stay a participant.
    const asked = { viewer, id, action: "manageParticipantsOf", memberId: userId } as const;
    await changeConversation(db, asked, async (tx, { viewer: by, conversation }, membership) => {
      if (membership === null) throw notOfCompany("userId", [userId]);
      const { companyId } = conversation;
      const added = await insertParticipants(tx, { companyId, conversationId: id, userIds: [userId] });
      if (added.length === 0) return;
      if ((await countParticipants(tx, companyId, id)) > MAX_PARTICIPANTS) throw tooManyParticipants();
      await auditConversation(tx, by, "conversation.participant-added", conversation, { userId });
      recordConversationEvent(tx, conversation, "participant.joined", { userId });
    });
    return rereadConversation(db, viewer, id);
  },

  /**
   * For staff, and for the participants themselves.
   *
   * @returns the conversation, also for a participant who removes themselves
   */
  async removeParticipant(
    viewer: Viewer,
    { conversationId: id, userId }: Participation,
  ): Promise<ConversationView> {
    const action = isUser(viewer, userId) ? "read" : "manageParticipantsOf";
    await changeConversation(db, { viewer, id, action }, async (tx, { viewer: by, conversation }) => {
      if (!(await deleteParticipant(tx, conversation.companyId, id, userId))) return;
      await auditConversation(tx, by, "conversation.participant-removed", conversation, { userId });
      recordConversationEvent(tx, conversation, "participant.left", { userId });
      viewerChanged(tx, userId);
    });
    return rereadConversation(db, viewer, id);
  },
});
