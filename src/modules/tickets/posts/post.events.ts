import type { Database } from "../../../platform/database/client.js";
import type { TicketEventType } from "../ticket.events.js";
import { recordTicketEvent } from "../ticket.events.js";
import type { PostRow } from "./post.tables.js";

/** Records in a transaction what it does to a post, for the subscribers of its ticket. */
export const recordPostEvent = (
  tx: Database,
  { id, ticketId, companyId }: Pick<PostRow, "id" | "ticketId" | "companyId">,
  type: Extract<TicketEventType, `post.${string}`>,
): void => recordTicketEvent(tx, { id: ticketId, companyId }, type, { postId: id });
