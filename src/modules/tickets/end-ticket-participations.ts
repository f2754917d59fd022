import type { Database } from "../../platform/database/client.js";
import type { MembershipRow } from "../identity/membership.tables.js";
import type { EndedMembership } from "../identity/memberships/membership.service.js";
import type { UserViewer } from "../identity/viewer.js";
import { auditTicket } from "./ticket.audit.js";
import { recordTicketEvent } from "./ticket.events.js";
import { deleteTicketParticipations, unassignTickets } from "./ticket-participant.repository.js";

/**
 * Ends the participations and assignments of a person who leaves a company; they do not come back with a new
 * membership. The person stays the requester of their own tickets, which they cannot see while they are not a member.
 */
export async function endTicketParticipations(
  tx: Database,
  by: UserViewer,
  ended: EndedMembership,
): Promise<void> {
  const { companyId, userId } = ended;
  const { left, unassigned } = await deleteTicketParticipations(tx, companyId, userId);
  for (const id of left) {
    recordTicketEvent(tx, { id, companyId }, "participant.left", { userId });
    await auditTicket(tx, by, "ticket.participant-removed", { id, companyId }, { userId });
  }
  await recordUnassigned(tx, by, companyId, unassigned);
}

/**
 * A customer cannot be an assignee: a person who becomes a customer loses the assignment of tickets that are not
 * closed. Participations stay.
 */
export async function endAssignments(
  tx: Database,
  by: UserViewer,
  { companyId, userId }: MembershipRow,
): Promise<void> {
  await recordUnassigned(tx, by, companyId, await unassignTickets(tx, companyId, userId));
}

async function recordUnassigned(
  tx: Database,
  by: UserViewer,
  companyId: string,
  ticketIds: readonly string[],
): Promise<void> {
  for (const id of ticketIds) {
    recordTicketEvent(tx, { id, companyId }, "ticket.updated", {});
    await auditTicket(tx, by, "ticket.updated", { id, companyId }, { assigneeId: null });
  }
}
