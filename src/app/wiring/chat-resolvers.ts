import { ConversationResolver } from "../../modules/chat/conversations/conversation.resolver.js";
import { ConversationGuestsResolver } from "../../modules/chat/guests/conversation-guests.resolver.js";
import { GuestInvitationResolver } from "../../modules/chat/guests/guest-invitation.resolver.js";
import { AttachmentMessageResolver } from "../../modules/chat/messages/attachment-message.resolver.js";
import {
  ChatMessageResolver,
  PurgedMessageResolver,
} from "../../modules/chat/messages/chat-message.resolver.js";
import { ConversationAttachmentsResolver } from "../../modules/chat/messages/conversation-attachments.resolver.js";
import { ConversationEventResolver } from "../../modules/chat/messages/conversation-event.resolver.js";
import { ConversationMessagesResolver } from "../../modules/chat/messages/conversation-messages.resolver.js";
import { ConversationTicketResolver, TicketConversationResolver } from "./conversation-ticket.resolver.js";
import type { ResolverEntry } from "./resolver-entry.js";

/** Conversations, their messages and guests. */
export const chatResolvers: readonly ResolverEntry[] = [
  [
    ConversationResolver,
    ({ conversations, conversationParticipants, loaders }) =>
      new ConversationResolver(
        conversations,
        conversationParticipants,
        loaders.conversations,
        loaders.companies,
        loaders.users,
      ),
  ],
  [
    ConversationMessagesResolver,
    ({ readMarks, loaders }) => new ConversationMessagesResolver(readMarks, loaders.chatMessages),
  ],
  [ConversationGuestsResolver, ({ loaders }) => new ConversationGuestsResolver(loaders.conversationGuests)],
  [
    ChatMessageResolver,
    ({ chatMessages, chatMessageChanges, loaders }) =>
      new ChatMessageResolver(
        chatMessages,
        chatMessageChanges,
        loaders.chatMessages,
        loaders.conversations,
        loaders.attachments,
        loaders.actors,
      ),
  ],
  [
    ConversationAttachmentsResolver,
    ({ loaders }) => new ConversationAttachmentsResolver(loaders.conversationAttachments),
  ],
  [PurgedMessageResolver, ({ loaders }) => new PurgedMessageResolver(loaders.conversations)],
  [
    GuestInvitationResolver,
    ({ guestInvitations, loaders }) => new GuestInvitationResolver(guestInvitations, loaders.conversations),
  ],
  [ConversationEventResolver, ({ typing, eventUrls }) => new ConversationEventResolver(typing, eventUrls)],
  [AttachmentMessageResolver, ({ loaders }) => new AttachmentMessageResolver(loaders.chatMessages)],
  [ConversationTicketResolver, ({ loaders }) => new ConversationTicketResolver(loaders.tickets)],
  [TicketConversationResolver, ({ loaders }) => new TicketConversationResolver(loaders.conversations)],
];
