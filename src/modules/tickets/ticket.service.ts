import { authorize } from "../../kernel/authorize.js";
import type { Clock } from "../../kernel/clock.js";
import { DAY_MS } from "../../kernel/clock.js";
import { badUserInput, gone, unauthenticated } from "../../kernel/errors.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import type { IncomingFiles } from "../../platform/http/incoming-files.js";
import type { AttachmentService } from "../attachments/attachment.service.js";
import { insertAuditEntry } from "../identity/audit.repository.js";
import { findMembership } from "../identity/membership.repository.js";
import type { UserViewer, Viewer } from "../identity/viewer.js";
import { managedTenantsOf, staffTenantsOf, tenantsOf } from "../identity/viewer.js";
import type { CheckInService } from "../media/check-in.service.js";
import { lookUpTicket, requireTicket } from "./find-ticket.js";
import { companyTicketPolicy, ticketPolicy } from "./ticket.policy.js";
import type { TicketFilter, TicketOrder, TicketScope, TicketView } from "./ticket.repository.js";
import * as repository from "./ticket.repository.js";
import type { TicketRow } from "./ticket.tables.js";
import { deleteParticipant, insertParticipant, MAX_PARTICIPANTS } from "./ticket-participant.repository.js";

export interface TicketDeps {
  readonly db: Database;
  readonly attachments: AttachmentService;
  readonly checkIns: CheckInService;
  readonly clock: Clock;
  readonly retentionDays: number;
}

export interface NewTicket {
  readonly companyId: string;
  readonly subject: string;
  readonly description: string;
  readonly priority: TicketRow["priority"];
}

export interface TicketChange {
  readonly id: string;
  readonly subject?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly status?: TicketRow["status"] | null | undefined;
  readonly priority?: TicketRow["priority"] | null | undefined;
  readonly assigneeId?: string | null | undefined;
}

export type TicketService = ReturnType<typeof createTicketService>;

export function createTicketService(deps: TicketDeps) {
  const { db } = deps;
  const reread = async (viewer: UserViewer, id: string) => {
    const ticket = await lookUpTicket(db, viewer, id);
    if (ticket === null) throw gone("ticket");
    return ticket;
  };
  return {
    /** Null when it does not exist, is deleted, or may not be seen. */
    async ticket(viewer: Viewer, id: string): Promise<TicketView | null> {
      const ticket = await lookUpTicket(db, viewer, id);
      return ticket && ticketPolicy.read(viewer, ticket) && ticket.deletedAt === null ? ticket : null;
    },

    async listTickets(
      viewer: Viewer,
      filter: TicketFilter,
      order: TicketOrder,
      args: PageArguments,
    ): Promise<Connection<TicketView>> {
      const scope = scopeOf(viewer, filter);
      const page = await repository.listTickets(db, scope, filter, { order, page: pageRequest(args) });
      return toConnection(page, repository.ticketPosition(order), () =>
        repository.countTickets(db, scope, filter),
      );
    },

    /** Opens a ticket with its files, all or nothing. */
    async openTicket(viewer: Viewer, input: NewTicket, incoming: IncomingFiles): Promise<TicketView> {
      authorize(companyTicketPolicy, "openTicket", viewer, { id: input.companyId });
      const requester = viewer as UserViewer;
      const { companyId, description, priority } = input;
      const id = await deps.checkIns.checkIn({
        viewer: requester,
        companyId,
        bucket: "ATTACHMENTS",
        incoming,
        recordMore: async (tx, files) => {
          const ticket = {
            companyId,
            subject: filled(input.subject, "subject"),
            description,
            priority,
            requesterId: requester.id,
          };
          const ticketId = await repository.insertTicket(tx, ticket);
          const parent = { kind: "ticket", id: ticketId } as const;
          await deps.attachments.attachFiles(tx, {
            viewer: requester,
            companyId,
            parent,
            files,
            description: null,
          });
          await audit(tx, requester, "ticket.opened", { id: ticketId, companyId });
          return ticketId;
        },
      });
      return reread(requester, id);
    },

    async changeTicket(viewer: Viewer, input: TicketChange): Promise<TicketView> {
      const found = await requireTicket(db, viewer, input.id, "read");
      const changes = await permittedChanges(deps, found.viewer, found.ticket, input);
      await db.transaction(async (tx) => {
        await repository.updateTicket(tx, found.ticket.companyId, input.id, changes);
        await audit(tx, found.viewer, "ticket.updated", found.ticket, { ...changes });
      });
      return reread(found.viewer, input.id);
    },

    async deleteTicket(viewer: Viewer, id: string): Promise<TicketView> {
      const { ticket, viewer: by } = await requireTicket(db, viewer, id, "delete");
      await db.transaction(async (tx) => {
        if (!(await repository.setTicketDeleted(tx, ticket, by.id))) throw gone("ticket");
        await audit(tx, by, "ticket.deleted", ticket);
      });
      return reread(by, id);
    },

    /** @throws GONE when its time is over */
    async restoreTicket(viewer: Viewer, id: string): Promise<TicketView> {
      const ticket = await lookUpTicket(db, viewer, id);
      authorize(ticketPolicy, "restore", viewer, ticket);
      if (ticket.deletedAt === null) return ticket;
      const by = viewer as UserViewer;
      const deletedAfter = new Date(deps.clock().getTime() - deps.retentionDays * DAY_MS);
      await db.transaction(async (tx) => {
        if (!(await repository.setTicketDeleted(tx, ticket, null, deletedAfter))) throw gone("ticket");
        await audit(tx, by, "ticket.restored", ticket);
      });
      return reread(by, id);
    },

    /** @throws BAD_USER_INPUT for who does not belong to the company */
    async addParticipant(
      viewer: Viewer,
      { ticketId, userId }: { ticketId: string; userId: string },
    ): Promise<TicketView> {
      const { ticket, viewer: by } = await requireTicket(db, viewer, ticketId, "manageParticipants");
      const { companyId } = ticket;
      if ((await findMembership(db, companyId, userId)) === null)
        throw badUserInput("A participant is a person of the ticket's company.", { field: "userId" });
      await db.transaction(async (tx) => {
        if (!(await insertParticipant(tx, { companyId, ticketId, userId })))
          throw badUserInput(`A ticket takes ${MAX_PARTICIPANTS} participants.`, { limit: MAX_PARTICIPANTS });
        await audit(tx, by, "ticket.participant-added", ticket, { userId });
      });
      return reread(by, ticketId);
    },

    /** For staff, and for the participants themselves. */
    async removeParticipant(
      viewer: Viewer,
      { ticketId, userId }: { ticketId: string; userId: string },
    ): Promise<TicketView> {
      const self = viewer.kind === "user" && viewer.id === userId;
      const { ticket, viewer: by } = await requireTicket(
        db,
        viewer,
        ticketId,
        self ? "read" : "manageParticipants",
      );
      await db.transaction(async (tx) => {
        await deleteParticipant(tx, { companyId: ticket.companyId, ticketId, userId });
        await audit(tx, by, "ticket.participant-removed", ticket, { userId });
      });
      return reread(by, ticketId);
    },
  };
}

/** Deleted tickets are listed to those alone who may restore them. */
function scopeOf(viewer: Viewer, filter: TicketFilter): TicketScope {
  if (viewer.kind === "anonymous") throw unauthenticated();
  const userId = viewer.id;
  return filter.isDeleted
    ? { userId, staffOf: managedTenantsOf(viewer), memberOf: { companyIds: [] } }
    : { userId, staffOf: staffTenantsOf(viewer), memberOf: tenantsOf(viewer) };
}

/** Each part of a change has a rule of its own. @throws FORBIDDEN, BAD_USER_INPUT */
async function permittedChanges(
  { db }: TicketDeps,
  viewer: UserViewer,
  ticket: TicketView,
  input: TicketChange,
) {
  const changes: repository.TicketChanges = {};
  if (input.subject != null || input.description != null) authorize(ticketPolicy, "edit", viewer, ticket);
  if (input.subject != null) changes.subject = filled(input.subject, "subject");
  if (input.description != null) changes.description = input.description;
  if (input.status != null && input.status !== ticket.status) {
    const byRequester = input.status === "CLOSED" || input.status === "OPEN";
    authorize(ticketPolicy, byRequester ? "closeOrReopen" : "triage", viewer, ticket);
    changes.status = input.status;
  }
  if (input.priority != null || input.assigneeId !== undefined)
    authorize(ticketPolicy, "triage", viewer, ticket);
  if (input.priority != null) changes.priority = input.priority;
  if (input.assigneeId !== undefined) {
    await requireAssignable(db, ticket.companyId, input.assigneeId);
    changes.assigneeId = input.assigneeId;
  }
  return changes;
}

async function requireAssignable(db: Database, companyId: string, userId: string | null): Promise<void> {
  if (userId === null) return;
  const membership = await findMembership(db, companyId, userId);
  if (membership?.role !== "AGENT" && membership?.role !== "MANAGER")
    throw badUserInput("An assignee is an agent or a manager of the ticket's company.", {
      field: "assigneeId",
    });
}

function filled(text: string, field: string): string {
  const trimmed = text.trim();
  if (trimmed === "") throw badUserInput(`The ${field} is empty.`, { field });
  return trimmed;
}

const audit = (
  tx: Database,
  viewer: UserViewer,
  action: string,
  ticket: { id: string; companyId: string },
  details?: Record<string, unknown>,
) =>
  insertAuditEntry(tx, {
    companyId: ticket.companyId,
    actorId: viewer.id,
    action,
    subjectType: "ticket",
    subjectId: ticket.id,
    ...(details && { details }),
  });
