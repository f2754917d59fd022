/** The kinds of events that a webhook can ask for, and the type that its deliveries have. */
export const WEBHOOK_EVENT_TYPES = {
  TICKET_OPENED: "ticket.opened",
  TICKET_UPDATED: "ticket.updated",
  TICKET_DELETED: "ticket.deleted",
  TICKET_RESTORED: "ticket.restored",
  REPLY_ADDED: "reply.added",
  REPLY_UPDATED: "reply.updated",
  REPLY_DELETED: "reply.deleted",
  POST_ADDED: "post.added",
  POST_UPDATED: "post.updated",
  POST_DELETED: "post.deleted",
  CONVERSATION_STARTED: "conversation.started",
  CONVERSATION_CLOSED: "conversation.closed",
  CONVERSATION_REOPENED: "conversation.reopened",
  MESSAGE_ADDED: "message.added",
  MESSAGE_UPDATED: "message.updated",
  MESSAGE_DELETED: "message.deleted",
  MESSAGE_PURGED: "message.purged",
  PARTICIPANT_JOINED: "participant.joined",
  PARTICIPANT_LEFT: "participant.left",
  ATTACHMENT_ADDED: "attachment.added",
  ATTACHMENT_UPDATED: "attachment.updated",
  ATTACHMENT_DELETED: "attachment.deleted",
  ATTACHMENT_RESTORED: "attachment.restored",
  FILE_ADDED: "file.added",
  FILE_UPDATED: "file.updated",
  FILE_DELETED: "file.deleted",
  FILE_RESTORED: "file.restored",
  FILE_PURGED: "file.purged",
  FILE_VARIANTS_READY: "file.variants-ready",
  FILE_VARIANTS_FAILED: "file.variants-failed",
  FILE_ALTERED: "file.altered",
  FILE_MISSING: "file.missing",
  FILE_RECOVERED: "file.recovered",
  FILE_SCANNED: "file.scanned",
  FILE_INFECTED: "file.infected",
  FILE_RELEASED: "file.released",
  FILE_DESTROYED: "file.destroyed",
  COMPANY_BRANDING_CHANGED: "company.branding-changed",
} as const;

export type WebhookEventKind = keyof typeof WEBHOOK_EVENT_TYPES;

/** The kinds as an enum, whose names equal its values. */
export const WebhookEventKind = Object.fromEntries(
  Object.keys(WEBHOOK_EVENT_TYPES).map((kind) => [kind, kind]),
) as { readonly [Kind in WebhookEventKind]: Kind };

/** The event that `testWebhook` sends. */
export const TEST_EVENT = "webhook.test";
