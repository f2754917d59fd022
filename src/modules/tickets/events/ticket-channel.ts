import { authorize } from "../../../kernel/authorize.js";
import { gone } from "../../../kernel/errors.js";
import type { Database } from "../../../platform/database/client.js";
import type { Channel } from "../../../platform/events/feed/channel.js";
import type { Viewer } from "../../identity/viewer.js";
import { isStaffOf, isUser } from "../../identity/viewer.js";
import { isKnownTo } from "../../media/unscanned.js";
import { lookUpTicket } from "../find-ticket.js";
import { ticketPolicy } from "../ticket.policy.js";
import { findSubscribedTicket } from "./subscribed-ticket.repository.js";
import type { TicketPayload } from "./ticket-payloads.js";
import { toTicketPayloads } from "./ticket-payloads.js";

/** The events of one ticket and of what belongs to it, for viewers who may read it. */
export const createTicketChannel = ({ db }: { readonly db: Database }): Channel<Viewer> => ({
  kind: "ticket",

  async admit(viewer, id) {
    const found = await lookUpTicket(db, viewer, id);
    const { subject: ticket } = authorize(ticketPolicy, "read", viewer, found);
    if (!ticketPolicy.subscribe(viewer, ticket)) throw gone("ticket");
  },

  async readers(id, viewers) {
    const ticket = await findSubscribedTicket(db, id);
    return viewers.map((viewer) => {
      if (ticket === null) return false;
      const isParticipant = ticket.participantIds.some((userId) => isUser(viewer, userId));
      return ticketPolicy.subscribe(viewer, { ...ticket, isParticipant });
    });
  },

  toPayloads: (id, events) => toTicketPayloads(db, id, events),

  /** Events of internal replies are only for staff: others must not even notice that such a reply exists, nor a file
   * before it is scanned. */
  isVisibleTo(viewer, payload) {
    const { staffOf, attachment } = payload as TicketPayload;
    if (attachment !== undefined && !isKnownTo(viewer, attachment)) return false;
    return staffOf === null || isStaffOf(viewer, staffOf);
  },
});
