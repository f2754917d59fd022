import type { Clock } from "../../kernel/clock.js";
import { createConversationChannel } from "../../modules/chat/messages/conversation-channel.js";
import type { Viewer } from "../../modules/identity/viewer.js";
import { createMediaFileChannel } from "../../modules/media/library/events/media-file-channel.js";
import { createTicketChannel } from "../../modules/tickets/events/ticket-channel.js";
import type { Database } from "../../platform/database/client.js";
import type { Channel } from "../../platform/events/feed/channel.js";

/** The channels for all kinds of topics. */
export const createChannels = ({
  db,
  clock,
}: {
  readonly db: Database;
  readonly clock: Clock;
}): readonly Channel<Viewer>[] => [
  createTicketChannel({ db }),
  createMediaFileChannel({ db, clock }),
  createConversationChannel({ db }),
];
