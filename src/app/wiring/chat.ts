import type { ConversationDeps } from "../../modules/chat/conversations/conversation.service.js";
import { createConversationService } from "../../modules/chat/conversations/conversation.service.js";
import { createConversationParticipantService } from "../../modules/chat/conversations/conversation-participant.service.js";
import { createTypingService } from "../../modules/chat/conversations/typing.service.js";
import type { GuestInvitationDeps } from "../../modules/chat/guests/guest-invitation.service.js";
import { createGuestInvitationService } from "../../modules/chat/guests/guest-invitation.service.js";
import type { ChatMessageDeps } from "../../modules/chat/messages/chat-message.service.js";
import { createChatMessageService } from "../../modules/chat/messages/chat-message.service.js";
import type { ChatMessageChangeDeps } from "../../modules/chat/messages/chat-message-change.service.js";
import { createChatMessageChangeService } from "../../modules/chat/messages/chat-message-change.service.js";
import { createReadMarkService } from "../../modules/chat/messages/read-mark.service.js";
import { findReadableTicket } from "../../modules/tickets/find-ticket.js";
import type { Config } from "../../platform/config/config.js";

interface ChatOptions
  extends Omit<ChatMessageDeps, "filesPerMessage">,
    ChatMessageChangeDeps,
    Pick<GuestInvitationDeps, "issueGuestToken"> {
  readonly config: Config;
}

/** Many people may share one network address. */
const JOINS_PER_ADDRESS = 10;

/** Builds the services for conversations, messages and guests. */
export function createChat({ config, issueGuestToken, ...deps }: ChatOptions) {
  const findTicketCompany: ConversationDeps["findTicketCompany"] = async (db, viewer, ticketId) =>
    (await findReadableTicket(db, viewer, ticketId))?.companyId ?? null;
  return {
    conversations: createConversationService({ ...deps, findTicketCompany }),
    conversationParticipants: createConversationParticipantService(deps),
    guestInvitations: createGuestInvitationService({
      ...deps,
      issueGuestToken,
      guestDays: config.GUEST_DAYS,
      guestUrl: config.GUEST_URL ?? null,
      joinsPerMinute: config.SIGN_INS_PER_MINUTE * JOINS_PER_ADDRESS,
    }),
    chatMessages: createChatMessageService({ ...deps, filesPerMessage: config.CHAT_FILES }),
    chatMessageChanges: createChatMessageChangeService(deps),
    readMarks: createReadMarkService(deps),
    typing: createTypingService(deps),
  };
}
