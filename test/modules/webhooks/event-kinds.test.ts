import { describe, expect, it } from "@jest/globals";
import type {
  CONVERSATION_STARTED,
  ConversationEventType,
} from "../../../src/modules/chat/conversations/conversation.events.js";
import type {
  BytesEventType,
  CompanyEventType,
  FileEventType,
} from "../../../src/modules/media/media-file.events.js";
import type { TICKET_OPENED, TicketEventType } from "../../../src/modules/tickets/ticket.events.js";
import { WEBHOOK_EVENT_TYPES } from "../../../src/modules/webhooks/webhook-event-kind.js";

type Recorded =
  | typeof TICKET_OPENED
  | TicketEventType
  | typeof CONVERSATION_STARTED
  | ConversationEventType
  | FileEventType
  | BytesEventType
  | CompanyEventType;

/** The compiler refuses this list when a type of event is missing from it, or is none any more. */
const RECORDED = {
  "ticket.opened": true,
  "ticket.updated": true,
  "ticket.deleted": true,
  "ticket.restored": true,
  "reply.added": true,
  "reply.updated": true,
  "reply.deleted": true,
  "post.added": true,
  "post.updated": true,
  "post.deleted": true,
  "participant.joined": true,
  "participant.left": true,
  "conversation.started": true,
  "conversation.closed": true,
  "conversation.reopened": true,
  "message.added": true,
  "message.updated": true,
  "message.deleted": true,
  "message.purged": true,
  "attachment.added": true,
  "attachment.updated": true,
  "attachment.deleted": true,
  "attachment.restored": true,
  "file.added": true,
  "file.updated": true,
  "file.deleted": true,
  "file.restored": true,
  "file.purged": true,
  "file.variants-ready": true,
  "file.variants-failed": true,
  "file.altered": true,
  "file.missing": true,
  "file.recovered": true,
  "file.scanned": true,
  "file.infected": true,
  "file.released": true,
  "file.destroyed": true,
  "company.branding-changed": true,
  "company.storage-threshold": true,
} as const satisfies Record<Recorded, true>;

describe("the kinds of events that a webhook can get", () => {
  it("are all that the server records", () => {
    expect(Object.values(WEBHOOK_EVENT_TYPES).sort()).toEqual(Object.keys(RECORDED).sort());
  });

  it("are named as the database names them, by the type in capitals with underscores", () => {
    for (const [kind, type] of Object.entries(WEBHOOK_EVENT_TYPES))
      expect(type.toUpperCase().replaceAll(/[.-]/g, "_")).toBe(kind);
  });
});
