import { authorize } from "../../kernel/authorize.js";
import { badUserInput, conflict, unauthenticated } from "../../kernel/errors.js";
import type { PageArguments } from "../../kernel/pagination.js";
import { pageRequest } from "../../kernel/pagination.js";
import type { Database } from "../../platform/database/client.js";
import type { Connection } from "../../platform/graphql/connection.js";
import { toConnection } from "../../platform/graphql/connection.js";
import type { IncomingFiles } from "../../platform/http/multipart/incoming-files.js";
import type { AttachmentService } from "../attachments/attachment.service.js";
import { findCompany } from "../identity/companies/company.repository.js";
import type { Role, UserViewer, Viewer } from "../identity/viewer.js";
import { isAdmin, managedTenantsOf, staffTenantsOf, tenantsOf } from "../identity/viewer.js";
import type { IngestService } from "../media/ingest/ingest.service.js";
import { findReadableTicket, requireTicket, rereadTicket } from "./find-ticket.js";
import { auditTicket } from "./ticket.audit.js";
import { recordTicketEvent, recordTicketOpened } from "./ticket.events.js";
import { companyTicketPolicy, ticketPolicy } from "./ticket.policy.js";
import type { ListedTicket, TicketView } from "./ticket.repository.js";
import * as repository from "./ticket.repository.js";
import type { TicketRow } from "./ticket.tables.js";
import type { TicketFilter, TicketOrder, TicketScope } from "./ticket-list.repository.js";
import * as list from "./ticket-list.repository.js";
import { writeOnTicketWithMember } from "./write-on-ticket.js";

export interface TicketDeps {
  readonly db: Database;
  readonly attachments: AttachmentService;
  readonly ingest: IngestService;
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

export const createTicketService = (deps: TicketDeps) => ({
  /** Null when it does not exist, is deleted, or may not be seen. */
  ticket: (viewer: Viewer, id: string): Promise<TicketView | null> => findReadableTicket(deps.db, viewer, id),

  listTickets: (viewer: Viewer, list: TicketList) => listTickets(deps.db, viewer, list),

  /** Opens a ticket with its files, all or nothing. */
  openTicket: (viewer: Viewer, input: NewTicket, incoming: IncomingFiles) =>
    openTicket(deps, viewer, input, incoming),

  /** @throws FORBIDDEN if the viewer may not make one part of the change */
  changeTicket: (viewer: Viewer, input: TicketChange) => changeTicket(deps.db, viewer, input),
});

export interface TicketList {
  readonly filter: TicketFilter;
  readonly order: TicketOrder;
  readonly page: PageArguments;
}

async function listTickets(
  db: Database,
  viewer: Viewer,
  { filter, order, page: args }: TicketList,
): Promise<Connection<ListedTicket>> {
  const scope = scopeOf(viewer, filter);
  const request = pageRequest(args, list.TICKET_CURSOR_SIZE);
  const page = await list.listTickets(db, scope, filter, { order, page: request });
  return toConnection(page, list.ticketPosition(order), () => list.countTickets(db, scope, filter));
}

async function openTicket(
  { db, attachments, ingest }: TicketDeps,
  viewer: Viewer,
  input: NewTicket,
  incoming: IncomingFiles,
): Promise<TicketView> {
  // A member's company exists; an administrator may give the id of any company.
  const company = isAdmin(viewer) ? await findCompany(db, input.companyId) : { id: input.companyId };
  const { viewer: requester } = authorize(companyTicketPolicy, "openTicket", viewer, company);
  const { companyId, subject, description, priority } = input;
  const id = await ingest.ingestFiles({
    viewer: requester,
    companyId,
    bucket: "ATTACHMENTS",
    incoming,
    // Whether the company still exists is checked under its lock, when the ticket gets its number.
    permit: async (_tx, known) => {
      authorize(companyTicketPolicy, "openTicket", known, { id: companyId });
    },
    inTransaction: async (tx, files) => {
      const ticket = { companyId, subject, description, priority, requesterId: requester.id };
      const ticketId = await repository.insertTicket(tx, ticket);
      const parent = { kind: "ticket", id: ticketId } as const;
      await attachments.attachFiles(tx, { viewer: requester, companyId, parent, files, description: null });
      await auditTicket(tx, requester, "ticket.opened", { id: ticketId, companyId });
      recordTicketOpened(tx, { id: ticketId, companyId });
      return ticketId;
    },
  });
  return rereadTicket(db, requester, id);
}

async function changeTicket(db: Database, viewer: Viewer, input: TicketChange): Promise<TicketView> {
  const found = await requireTicket(db, viewer, input.id, "read");
  permittedChanges(found.viewer, found.ticket, input);
  const userId = input.assigneeId ?? keptAssignee(found.ticket, input);
  await writeOnTicketWithMember(db, { ...found, userId }, async (tx, by, membership) => {
    const { ticket } = await requireTicket(tx, by, input.id, "read");
    const permitted = permittedChanges(by, ticket, input);
    const changes = withAssignee(ticket, permitted, { userId, role: membership?.role });
    if (!(await repository.updateTicket(tx, ticket.companyId, input.id, changes))) return;
    recordTicketEvent(tx, ticket, "ticket.updated", {});
    await auditTicket(tx, by, "ticket.updated", ticket, { ...changes });
  });
  return rereadTicket(db, found.viewer, input.id);
}

/** Deleted tickets are listed only for viewers who may restore them. */
function scopeOf(viewer: Viewer, filter: TicketFilter): TicketScope {
  if (viewer.kind === "anonymous") throw unauthenticated(viewer.refusal);
  const userId = viewer.id;
  return filter.isDeleted
    ? { userId, staffOf: managedTenantsOf(viewer), memberOf: { companyIds: [] } }
    : { userId, staffOf: staffTenantsOf(viewer), memberOf: tenantsOf(viewer) };
}

/** Each part of a change has a rule of its own. @throws FORBIDDEN, BAD_USER_INPUT */
function permittedChanges(viewer: UserViewer, ticket: TicketView, input: TicketChange) {
  const changes: repository.TicketChanges = {};
  if (input.subject != null || input.description != null) authorize(ticketPolicy, "edit", viewer, ticket);
  if (input.subject != null) changes.subject = input.subject;
  if (input.description != null) changes.description = input.description;
  if (input.status != null && input.status !== ticket.status) {
    const byRequester = input.status === "CLOSED" || input.status === "OPEN";
    authorize(ticketPolicy, byRequester ? "closeOrReopen" : "triage", viewer, ticket);
    changes.status = input.status;
  }
  if (input.priority != null || input.assigneeId !== undefined)
    authorize(ticketPolicy, "triage", viewer, ticket);
  if (input.priority != null) changes.priority = input.priority;
  if (input.assigneeId !== undefined && input.assigneeId !== ticket.assigneeId)
    changes.assigneeId = input.assigneeId;
  return changes;
}

/** The assignee of a closed ticket, if this change reopens the ticket and keeps the assignee. */
const keptAssignee = (
  { status, assigneeId }: TicketView,
  changes: Omit<TicketChange, "id">,
): string | null =>
  status === "CLOSED" && changes.status != null && changes.status !== "CLOSED" ? assigneeId : null;

/** Somebody whose membership is locked, and their role; none for who does not belong to the company. */
interface Candidate {
  readonly userId: string | null;
  readonly role: Role | undefined;
}

/**
 * Ensures that the assignee of an open ticket belongs to the staff of the company. A closed ticket keeps its assignee
 * even if they have left; when it is reopened, it has none.
 *
 * @throws BAD_USER_INPUT, CONFLICT if the ticket would be assigned to a person whose membership is not locked
 */
function withAssignee(
  ticket: TicketView,
  changes: repository.TicketChanges,
  candidate: Candidate,
): repository.TicketChanges {
  const { assigneeId: asked } = changes;
  const next = asked === undefined ? keptAssignee(ticket, changes) : asked;
  if (next === null) return changes;
  if (next !== candidate.userId)
    throw conflict("This ticket has just been closed or given to somebody else: look at it again.");
  if (candidate.role === "AGENT" || candidate.role === "MANAGER") return changes;
  if (asked === undefined) return { ...changes, assigneeId: null };
  throw badUserInput("An assignee is an agent or a manager of the ticket's company who may sign in.", {
    field: "assigneeId",
  });
}
