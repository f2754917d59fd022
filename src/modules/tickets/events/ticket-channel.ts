import { authorize } from "../../../kernel/authorize.js";
import { gone } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { Channel } from "../../../platform/events/feed/channel.js";
import type { Viewer } from "../../identity/viewer.js";
import { isStaffOf, isUser } from "../../identity/viewer.js";
import { lookUpTicket } from "../find-ticket.js";
import { ticketPolicy } from "../ticket.policy.js";
import { findFollowedTicket } from "./followed-ticket.repository.js";
import type { TicketTold } from "./tell-ticket-events.js";
import { tellTicketEvents } from "./tell-ticket-events.js";

/** One ticket with all that hangs on it, for who may read it. */
export const createTicketChannel = ({ db }: { readonly db: Database }): Channel<Viewer> => ({
  kind: "ticket",

  async admit(viewer, id) {
    const found = await lookUpTicket(db, viewer, id);
    const { subject: ticket } = authorize(ticketPolicy, "read", viewer, found);
    if (!ticketPolicy.follow(viewer, ticket)) throw gone("ticket");
  },

  async readers(id, viewers) {
    const ticket = await findFollowedTicket(db, id);
    return viewers.map((viewer) => {
      if (ticket === null) return false;
      const isParticipant = ticket.participantIds.some((userId) => isUser(viewer, userId));
      return ticketPolicy.follow(viewer, { ...ticket, isParticipant });
    });
  },

  tell: (id, events) => tellTicketEvents(db, id, events),

  /** Events of internal replies are only for staff: others must not even notice that such a reply exists. */
  isFor(viewer, told) {
    const { staffOf } = told as TicketTold;
    return staffOf === null || isStaffOf(viewer, staffOf);
  },
});
