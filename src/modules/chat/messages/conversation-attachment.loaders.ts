import type { Clock } from "../../../kernel/clock.js";
import { restorableSince } from "../../../kernel/retention.js";
import type { Database } from "../../../platform/database/client.js";
import { threadAttachments } from "../../attachments/thread-attachment.loaders.js";
import { staffTenantsOf, tenantsReachedBy } from "../../identity/viewer.js";
import { isOnLiveMessage } from "./conversation-attachment.repository.js";

export interface ConversationAttachmentDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly retentionDays: number;
}

export type ConversationAttachmentLoaders = ReturnType<typeof createConversationAttachmentLoaders>;

/** The attachments of conversations that the viewer may read; deleted ones for staff. */
export const createConversationAttachmentLoaders = ({
  db,
  clock,
  retentionDays,
}: ConversationAttachmentDeps) => ({
  ofConversation: threadAttachments(db, ({ viewer }) => ({ tenants: tenantsReachedBy(viewer) })),
  deletedOfConversation: threadAttachments(db, ({ viewer }) => ({
    tenants: staffTenantsOf(viewer),
    deletedAfter: restorableSince(clock, retentionDays),
    where: isOnLiveMessage,
  })),
});
