import "../modules/chat/conversations/conversation.test.js";
import "../modules/chat/guests/guest.test.js";
import "../modules/chat/messages/chat-purge.test.js";
import "../modules/chat/messages/conversation-channel.test.js";
import "../modules/chat/messages/conversation-attachments.test.js";
import "../modules/chat/messages/message.test.js";
import "../modules/chat/messages/parents.test.js";
import "../modules/chat/permissions.test.js";
