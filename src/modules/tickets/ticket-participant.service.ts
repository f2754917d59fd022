import { badUserInput } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import type { Viewer } from "../identity/viewer.js";
import { isUser } from "../identity/viewer.js";
import { requireTicket, rereadTicket } from "./find-ticket.js";
import { auditTicket } from "./ticket.audit.js";
import { recordTicketEvent } from "./ticket.events.js";
import type { TicketView } from "./ticket.repository.js";
import { deleteParticipant, insertParticipant, MAX_PARTICIPANTS } from "./ticket-participant.repository.js";
import { writeOnTicket, writeOnTicketWithMember } from "./write-on-ticket.js";

/** A participant of a ticket. */
export interface Participation {
  readonly ticketId: string;
  readonly userId: string;
}

export type TicketParticipantService = ReturnType<typeof createTicketParticipantService>;

export const createTicketParticipantService = ({ db }: { readonly db: Database }) => ({
  /** @throws BAD_USER_INPUT for who does not belong to the company or is locked out, and when there are too many */
  async addParticipant(viewer: Viewer, { ticketId, userId }: Participation): Promise<TicketView> {
    const found = await requireTicket(db, viewer, ticketId, "manageParticipants");
    await writeOnTicketWithMember(db, { ...found, userId }, async (tx, by, membership) => {
      const { ticket } = await requireTicket(tx, by, ticketId, "manageParticipants");
      if (membership === null)
        throw badUserInput("A participant is a person of the ticket's company who may sign in.", {
          field: "userId",
        });
      const outcome = await insertParticipant(tx, { companyId: ticket.companyId, ticketId, userId });
      if (outcome === "full")
        throw badUserInput(`A ticket takes ${MAX_PARTICIPANTS} participants.`, { limit: MAX_PARTICIPANTS });
      if (outcome === "joined") recordTicketEvent(tx, ticket, "participant.joined", { userId });
      await auditTicket(tx, by, "ticket.participant-added", ticket, { userId });
    });
    return rereadTicket(db, found.viewer, ticketId);
  },

  /** For staff, and for the participants themselves. */
  async removeParticipant(viewer: Viewer, { ticketId, userId }: Participation): Promise<TicketView> {
    const action = isUser(viewer, userId) ? "read" : "manageParticipants";
    const found = await requireTicket(db, viewer, ticketId, action);
    // Under the ticket's lock: a reply that they are writing is committed before, or refused.
    await writeOnTicket(db, found, async (tx, by) => {
      const { ticket } = await requireTicket(tx, by, ticketId, action);
      if (await deleteParticipant(tx, { companyId: ticket.companyId, ticketId, userId }))
        recordTicketEvent(tx, ticket, "participant.left", { userId });
      await auditTicket(tx, by, "ticket.participant-removed", ticket, { userId });
    });
    return rereadTicket(db, found.viewer, ticketId);
  },
});
