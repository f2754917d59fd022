import { badUserInput } from "../../kernel/errors.js";
import type { Database } from "../../platform/database/client.js";
import { lockActiveMembership } from "../identity/membership.repository.js";
import type { Viewer } from "../identity/viewer.js";
import { isUser } from "../identity/viewer.js";
import { auditTicket } from "./audit-ticket.js";
import { requireTicket, reread } from "./find-ticket.js";
import type { TicketView } from "./ticket.repository.js";
import { ticketHappened } from "./ticket-events.js";
import { deleteParticipant, insertParticipant, MAX_PARTICIPANTS } from "./ticket-participant.repository.js";
import { lockTicket } from "./ticket-quota.repository.js";

/** Who reads along on which ticket. */
export interface Participation {
  readonly ticketId: string;
  readonly userId: string;
}

export type TicketParticipantService = ReturnType<typeof createTicketParticipantService>;

export const createTicketParticipantService = ({ db }: { readonly db: Database }) => ({
  /** @throws BAD_USER_INPUT for who does not belong to the company or is locked out, and when there are too many */
  async addParticipant(viewer: Viewer, { ticketId, userId }: Participation): Promise<TicketView> {
    const { ticket, viewer: by } = await requireTicket(db, viewer, ticketId, "manageParticipants");
    const { companyId } = ticket;
    await db.transaction(async (tx) => {
      // Locked, so that who leaves the company meanwhile is no participant afterwards.
      if ((await lockActiveMembership(tx, companyId, userId)) === null)
        throw badUserInput("A participant is a person of the ticket's company who may sign in.", {
          field: "userId",
        });
      await lockTicket(tx, ticketId);
      const outcome = await insertParticipant(tx, { companyId, ticketId, userId });
      if (outcome === "full")
        throw badUserInput(`A ticket takes ${MAX_PARTICIPANTS} participants.`, { limit: MAX_PARTICIPANTS });
      if (outcome === "joined") ticketHappened(tx, ticket, "participant.joined", { userId });
      await auditTicket(tx, by, "ticket.participant-added", ticket, { userId });
    });
    return reread(db, by, ticketId);
  },

  /** For staff, and for the participants themselves. */
  async removeParticipant(viewer: Viewer, { ticketId, userId }: Participation): Promise<TicketView> {
    const action = isUser(viewer, userId) ? "read" : "manageParticipants";
    const { ticket, viewer: by } = await requireTicket(db, viewer, ticketId, action);
    await db.transaction(async (tx) => {
      // A reply of theirs that is being written comes first, or sees that they take part no more.
      await lockTicket(tx, ticketId);
      if (await deleteParticipant(tx, { companyId: ticket.companyId, ticketId, userId }))
        ticketHappened(tx, ticket, "participant.left", { userId });
      await auditTicket(tx, by, "ticket.participant-removed", ticket, { userId });
    });
    return reread(db, by, ticketId);
  },
});
