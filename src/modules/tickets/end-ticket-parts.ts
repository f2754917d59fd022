import type { Database } from "../../platform/database/client.js";
import type { EndedMembership } from "../identity/membership.service.js";
import { ticketHappened } from "./ticket-events.js";
import { deleteTicketParts } from "./ticket-participant.repository.js";

/**
 * Who leaves a company reads along on none of its tickets and has none to see to, and comes back to none of them. What
 * they asked for stays theirs: their own tickets are out of reach while they are gone, and there when they come back.
 */
export async function endTicketParts(tx: Database, { companyId, userId }: EndedMembership): Promise<void> {
  const { left, unassigned } = await deleteTicketParts(tx, companyId, userId);
  for (const id of left) ticketHappened(tx, { id, companyId }, "participant.left", { userId });
  for (const id of unassigned) ticketHappened(tx, { id, companyId }, "ticket.updated");
}
