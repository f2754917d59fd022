import type { Database } from "../../platform/database/client.js";
import type { EndedMembership } from "../identity/membership.service.js";
import type { MembershipRow } from "../identity/membership.tables.js";
import type { UserViewer } from "../identity/viewer.js";
import { auditTicket } from "./audit-ticket.js";
import { ticketHappened } from "./ticket-events.js";
import { deleteTicketParts, unassignTickets } from "./ticket-participant.repository.js";

/**
 * Who leaves a company reads along on none of its tickets and has none to see to, and comes back to none of them. What
 * they asked for stays theirs: their own tickets are out of reach while they are gone, and there when they come back.
 */
export async function endTicketParts(tx: Database, by: UserViewer, ended: EndedMembership): Promise<void> {
  const { companyId, userId } = ended;
  const { left, unassigned } = await deleteTicketParts(tx, companyId, userId);
  for (const id of left) {
    ticketHappened(tx, { id, companyId }, "participant.left", { userId });
    await auditTicket(tx, by, "ticket.participant-removed", { id, companyId }, { userId });
  }
  await tellUnassigned(tx, by, companyId, unassigned);
}

/** A customer sees to no ticket: who becomes one gives back those that are not closed. Whatever they read along on stays. */
export async function endAssignments(
  tx: Database,
  by: UserViewer,
  { companyId, userId }: MembershipRow,
): Promise<void> {
  await tellUnassigned(tx, by, companyId, await unassignTickets(tx, companyId, userId));
}

async function tellUnassigned(
  tx: Database,
  by: UserViewer,
  companyId: string,
  ticketIds: readonly string[],
): Promise<void> {
  for (const id of ticketIds) {
    ticketHappened(tx, { id, companyId }, "ticket.updated");
    await auditTicket(tx, by, "ticket.updated", { id, companyId }, { assigneeId: null });
  }
}
