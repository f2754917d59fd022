import { authorize } from "../../../kernel/authorize.js";
import type { Clock } from "../../../kernel/clock.js";
import { gone } from "../../../kernel/errors.js";
import { restorableSince } from "../../../kernel/retention.js";
import type { Database } from "../../../platform/database/client.js";
import type { Viewer } from "../../identity/viewer.js";
import { resumeUsages, suspendUsages } from "../../media/suspend-usages.js";
import type { FoundTicket } from "../find-ticket.js";
import { lookUpTicket, requireTicket, rereadTicket } from "../find-ticket.js";
import { auditTicket } from "../ticket.audit.js";
import { recordTicketEvent } from "../ticket.events.js";
import { ticketPolicy } from "../ticket.policy.js";
import type { TicketView } from "../ticket.repository.js";
import { restoreTicket, softDeleteTicket } from "../ticket.repository.js";
import { writeOnTicket } from "../write-on-ticket.js";
import { listUsingResources } from "./ticket-usage.repository.js";

export interface TicketDeletionDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly retentionDays: number;
}

export type TicketDeletionService = ReturnType<typeof createTicketDeletionService>;

export const createTicketDeletionService = ({ db, clock, retentionDays }: TicketDeletionDeps) => ({
  /** Its replies and files can no longer be read. */
  async deleteTicket(viewer: Viewer, id: string): Promise<TicketView> {
    const found = await requireTicket(db, viewer, id, "delete");
    await writeOnTicket(db, found, async (tx, by) => {
      const { ticket } = await requireTicket(tx, by, id, "delete");
      if (!(await softDeleteTicket(tx, ticket, by.id))) throw gone("ticket");
      await suspendUsages(tx, ticket.companyId, await listUsingResources(tx, ticket.companyId, id), by.id);
      recordTicketEvent(tx, ticket, "ticket.deleted", {});
      await auditTicket(tx, by, "ticket.deleted", ticket);
    });
    return rereadTicket(db, found.viewer, id);
  },

  /** @throws GONE after the retention */
  async restoreTicket(viewer: Viewer, id: string): Promise<TicketView> {
    const found = await requireRestorable(db, viewer, id);
    if (found.ticket.deletedAt === null) return found.ticket;
    const deletedAfter = restorableSince(clock, retentionDays);
    await writeOnTicket(db, found, async (tx, by) => {
      const { ticket } = await requireRestorable(tx, by, id);
      if (ticket.deletedAt === null) return; // somebody else has restored it meanwhile
      if (!(await restoreTicket(tx, ticket, deletedAfter))) throw gone("ticket");
      await resumeUsages(tx, ticket.companyId, await listUsingResources(tx, ticket.companyId, id));
      recordTicketEvent(tx, ticket, "ticket.restored", {});
      await auditTicket(tx, by, "ticket.restored", ticket);
    });
    return rereadTicket(db, found.viewer, id);
  },
});

/** A ticket that the viewer may restore, deleted or not. */
async function requireRestorable(db: Database, viewer: Viewer, id: string): Promise<FoundTicket> {
  const found = await lookUpTicket(db, viewer, id);
  const allowed = authorize(ticketPolicy, "restore", viewer, found);
  return { viewer: allowed.viewer, ticket: allowed.subject };
}
