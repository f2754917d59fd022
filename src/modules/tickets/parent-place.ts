import { gone } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { ParentRef } from "../attachments/parents.js";
import { findCompanyOfTicket, findReplyState } from "./ticket-quota.repository.js";

/** What never changes of what an attachment hangs on. */
export interface ParentPlace {
  readonly ticketId: string;
  readonly companyId: string;
  /** Whether only staff may know of it. */
  readonly isInternal: boolean;
}

const placesIn = new WeakMap<Database, Map<string, Promise<ParentPlace>>>();

/** Where a parent stands; looked up once in a transaction. @throws GONE when it has been purged */
export function placeOf(tx: Database, parent: ParentRef): Promise<ParentPlace> {
  const places = placesIn.get(tx) ?? new Map<string, Promise<ParentPlace>>();
  placesIn.set(tx, places);
  const place = places.get(parent.id) ?? lookUp(tx, parent);
  places.set(parent.id, place);
  return place;
}

/** Spares the question where a ticket stands, when its row has just been changed. */
export function rememberTicket(tx: Database, ticketId: string, companyId: string): void {
  const places = placesIn.get(tx) ?? new Map<string, Promise<ParentPlace>>();
  placesIn.set(tx, places.set(ticketId, Promise.resolve({ ticketId, companyId, isInternal: false })));
}

async function lookUp(tx: Database, { kind, id }: ParentRef): Promise<ParentPlace> {
  if (kind === "reply") {
    const reply = await findReplyState(tx, id);
    if (reply === null) throw gone("reply");
    return reply;
  }
  const companyId = await findCompanyOfTicket(tx, id);
  if (companyId === null) throw gone("ticket");
  return { ticketId: id, companyId, isInternal: false };
}
