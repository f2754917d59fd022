import { gone } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import { findReplyState } from "./ticket-quota.repository.js";

/** What never changes of a reply. */
export interface ReplyPlace {
  readonly ticketId: string;
  /** Whether only staff may know of it. */
  readonly isInternal: boolean;
}

const placesIn = new WeakMap<Database, Map<string, Promise<ReplyPlace>>>();

/** Where a reply stands; looked up once in a transaction. @throws GONE when it has been purged */
export function placeOf(tx: Database, replyId: string): Promise<ReplyPlace> {
  const places = placesIn.get(tx) ?? new Map<string, Promise<ReplyPlace>>();
  placesIn.set(tx, places);
  const place = places.get(replyId) ?? lookUp(tx, replyId);
  places.set(replyId, place);
  return place;
}

async function lookUp(tx: Database, replyId: string): Promise<ReplyPlace> {
  const reply = await findReplyState(tx, replyId);
  if (reply === null) throw gone("reply");
  return reply;
}
