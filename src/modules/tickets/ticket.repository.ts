import type { SQL } from "drizzle-orm";
import { and, eq, gte, ilike, isNotNull, isNull, lt, or, sql } from "drizzle-orm";
import { notFound } from "../../kernel/errors.js";
import { newId } from "../../kernel/ids.js";
import type { Page, PageRequest } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import type { SortOrder } from "../../platform/database/keyset.js";
import { keyset } from "../../platform/database/keyset.js";
import { companies } from "../identity/company.tables.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { TicketRow } from "./ticket.tables.js";
import { tickets } from "./ticket.tables.js";
import { ticketParticipants } from "./ticket-participant.tables.js";

/** A ticket, and whether the person who asks is one of its participants. */
export type TicketView = TicketRow & { readonly isParticipant: boolean };

/** Whose tickets a person may see: all of some companies, in others those that they take part in. */
export interface TicketScope {
  readonly userId: string;
  readonly staffOf: TenantScope;
  readonly memberOf: TenantScope;
}

export interface TicketFilter {
  readonly companyId?: string | null | undefined;
  readonly status?: readonly TicketRow["status"][] | null | undefined;
  readonly priority?: readonly TicketRow["priority"][] | null | undefined;
  readonly assigneeId?: string | null | undefined;
  readonly isAssigned?: boolean | null | undefined;
  readonly requesterId?: string | null | undefined;
  readonly search?: string | null | undefined;
  readonly createdFrom?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
  readonly isDeleted?: boolean | null | undefined;
}

const isParticipant = (userId: string) =>
  sql<boolean>`exists (select from ${ticketParticipants} where ${ticketParticipants.ticketId} = ${tickets.id} and ${ticketParticipants.userId} = ${userId})`;

const columns = {
  id: tickets.id,
  companyId: tickets.companyId,
  number: tickets.number,
  subject: tickets.subject,
  description: tickets.description,
  status: tickets.status,
  priority: tickets.priority,
  requesterId: tickets.requesterId,
  assigneeId: tickets.assigneeId,
  attachmentCount: tickets.attachmentCount,
  attachmentBytes: tickets.attachmentBytes,
  replyAttachmentCount: tickets.replyAttachmentCount,
  replyAttachmentBytes: tickets.replyAttachmentBytes,
  createdAt: tickets.createdAt,
  updatedAt: tickets.updatedAt,
  deletedAt: tickets.deletedAt,
  deletedBy: tickets.deletedBy,
};

/** Deleted ones too: the service tells "deleted" from "never was". */
export async function listTicketsByIds(
  db: Database,
  tenants: TenantScope,
  userId: string,
  ids: readonly string[],
): Promise<TicketView[]> {
  return db
    .select({ ...columns, isParticipant: isParticipant(userId) })
    .from(tickets)
    .where(and(isAnyOf(tickets.id, ids), inTenants(tickets.companyId, tenants)));
}

export async function findTicket(
  db: Database,
  tenants: TenantScope,
  userId: string,
  id: string,
): Promise<TicketView | null> {
  const [row] = await listTicketsByIds(db, tenants, userId, [id]);
  return row ?? null;
}

const orders = {
  CREATED_AT: tickets.createdAt,
  UPDATED_AT: tickets.updatedAt,
  PRIORITY: tickets.priority,
  NUMBER: tickets.number,
};

export interface TicketOrder {
  readonly field: keyof typeof orders;
  readonly direction: "ASC" | "DESC";
}

const orderName = ({ field, direction }: TicketOrder) => `${field} ${direction}`;

/** How many values a cursor holds: the order's name, the sort key, the id. */
export const TICKET_CURSOR_SIZE = 3;

/** The order and the values of its sort keys, as a cursor holds them. */
export const ticketPosition = (order: TicketOrder) => (ticket: TicketView) => {
  const values = {
    CREATED_AT: ticket.createdAt.toISOString(),
    UPDATED_AT: ticket.updatedAt.toISOString(),
    PRIORITY: ticket.priority,
    NUMBER: ticket.number,
  };
  return [orderName(order), values[order.field], ticket.id];
};

const sortOrder = (order: TicketOrder): SortOrder => ({
  name: orderName(order),
  keys: [orders[order.field], tickets.id],
  descending: order.direction === "DESC",
});

export async function listTickets(
  db: Database,
  scope: TicketScope,
  filter: TicketFilter,
  { order, page }: { readonly order: TicketOrder; readonly page: PageRequest },
): Promise<Page<TicketView>> {
  const { where, orderBy, limit } = keyset(sortOrder(order), page);
  const rows = await db
    .select({ ...columns, isParticipant: isParticipant(scope.userId) })
    .from(tickets)
    .where(and(visibleIn(scope), ...conditions(filter), where))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(page, rows);
}

export async function countTickets(db: Database, scope: TicketScope, filter: TicketFilter): Promise<number> {
  return db.$count(tickets, and(visibleIn(scope), ...conditions(filter)));
}

function visibleIn({ userId, staffOf, memberOf }: TicketScope): SQL | undefined {
  const asStaff = inTenants(tickets.companyId, staffOf);
  if (staffOf === "every company" || memberOf === "every company") return asStaff;
  const elsewhere = memberOf.companyIds.filter((id) => !staffOf.companyIds.includes(id));
  if (elsewhere.length === 0) return asStaff;
  const takesPart = or(eq(tickets.requesterId, userId), isParticipant(userId));
  const asMember = and(inTenants(tickets.companyId, { companyIds: elsewhere }), takesPart);
  return staffOf.companyIds.length === 0 ? asMember : or(asStaff, asMember);
}

function conditions(filter: TicketFilter): (SQL | undefined)[] {
  return [
    filter.isDeleted ? isNotNull(tickets.deletedAt) : isNull(tickets.deletedAt),
    filter.companyId == null ? undefined : eq(tickets.companyId, filter.companyId),
    filter.status?.length ? isAnyOf(tickets.status, filter.status) : undefined,
    filter.priority?.length ? isAnyOf(tickets.priority, filter.priority) : undefined,
    filter.assigneeId == null ? undefined : eq(tickets.assigneeId, filter.assigneeId),
    filter.isAssigned == null
      ? undefined
      : filter.isAssigned
        ? isNotNull(tickets.assigneeId)
        : isNull(tickets.assigneeId),
    filter.requesterId == null ? undefined : eq(tickets.requesterId, filter.requesterId),
    filter.search?.trim() ? ilike(searchedText, `%${escapeLike(filter.search.trim())}%`) : undefined,
    filter.createdFrom == null ? undefined : gte(tickets.createdAt, filter.createdFrom),
    filter.createdBefore == null ? undefined : lt(tickets.createdAt, filter.createdBefore),
  ];
}

/** The very expression that the trigram index is on (drizzle/0001_search_and_parents.sql). */
const searchedText = sql`(${tickets.subject} || ' ' || ${tickets.description})`;

const escapeLike = (text: string) => text.replace(/[\\%_]/g, "\\$&");

export interface NewTicket {
  readonly companyId: string;
  readonly subject: string;
  readonly description: string;
  readonly priority: TicketRow["priority"];
  readonly requesterId: string;
}

/**
 * Numbers and inserts a ticket. The counter's row stays locked until the transaction ends, so that numbers have
 * neither gaps nor doubles; make this the transaction's last wait.
 *
 * @throws NOT_FOUND for a company that was never there, or has been deleted
 */
export async function insertTicket(tx: Database, ticket: NewTicket): Promise<string> {
  const id = newId();
  const [company] = await tx
    .update(companies)
    .set({ nextTicketNumber: sql`${companies.nextTicketNumber} + 1` })
    .where(and(eq(companies.id, ticket.companyId), isNull(companies.deletedAt)))
    .returning({ number: sql<number>`${companies.nextTicketNumber} - 1` });
  if (!company) throw notFound("company");
  await tx.insert(tickets).values({ id, number: company.number, ...ticket });
  return id;
}

export type TicketChanges = Partial<
  Pick<TicketRow, "subject" | "description" | "status" | "priority" | "assigneeId">
>;

export async function updateTicket(
  db: Database,
  companyId: string,
  id: string,
  changes: TicketChanges,
): Promise<void> {
  await db
    .update(tickets)
    .set({ ...changes, updatedAt: sql`now()` })
    .where(and(eq(tickets.companyId, companyId), eq(tickets.id, id), isNull(tickets.deletedAt)));
}

/** @param deletedBy null brings the ticket back, if it was deleted after `deletedAfter` */
export async function setTicketDeleted(
  tx: Database,
  ticket: { readonly companyId: string; readonly id: string },
  deletedBy: string | null,
  deletedAfter = new Date(0),
): Promise<boolean> {
  const wasDeleted = and(isNotNull(tickets.deletedAt), gte(tickets.deletedAt, deletedAfter));
  const changed = await tx
    .update(tickets)
    .set({ deletedAt: deletedBy === null ? null : sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(
      and(
        eq(tickets.companyId, ticket.companyId),
        eq(tickets.id, ticket.id),
        deletedBy === null ? wasDeleted : isNull(tickets.deletedAt),
      ),
    )
    .returning({ id: tickets.id });
  return changed.length > 0;
}
