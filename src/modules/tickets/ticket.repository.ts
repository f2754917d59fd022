import type { Placeholder } from "drizzle-orm";
import { and, eq, gte, isNotNull, isNull, or, sql } from "drizzle-orm";
import { notFound } from "../../kernel/errors.js";
import { newId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { companies } from "../identity/company.tables.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { TenantScope } from "../identity/viewer.js";
import type { TicketRow } from "./ticket.tables.js";
import { tickets } from "./ticket.tables.js";
import { ticketParticipants } from "./ticket-participant.tables.js";

/** A ticket, and whether the person who asks is one of its participants. */
export type TicketView = TicketRow & { readonly isParticipant: boolean };

/** A ticket in a list: `description`, which may be 50,000 characters long, is read only if it is selected. */
export type ListedTicket = Omit<TicketView, "description"> & { readonly description?: string };

/** @param userId an id, or the placeholder of one */
export const isParticipant = (userId: string | Placeholder) =>
  sql<boolean>`exists (select from ${ticketParticipants} where ${ticketParticipants.ticketId} = ${tickets.id} and ${ticketParticipants.userId} = ${userId})`;

/** All but the description. */
export const listedTicketColumns = {
  id: tickets.id,
  companyId: tickets.companyId,
  number: tickets.number,
  subject: tickets.subject,
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

export const ticketColumns = { ...listedTicketColumns, description: tickets.description };

/** Deleted ones too, so that the service can distinguish deleted ones from unknown ones. */
export async function listTicketsByIds(
  db: Database,
  tenants: TenantScope,
  userId: string,
  ids: readonly string[],
): Promise<ListedTicket[]> {
  return db
    .select({ ...listedTicketColumns, isParticipant: isParticipant(userId) })
    .from(tickets)
    .where(and(isAnyOf(tickets.id, ids), inTenants(tickets.companyId, tenants)));
}

/** Of deleted tickets too. */
export async function listDescriptions(
  db: Database,
  tenants: TenantScope,
  ids: readonly string[],
): Promise<Pick<TicketRow, "id" | "description">[]> {
  return db
    .select({ id: tickets.id, description: tickets.description })
    .from(tickets)
    .where(and(isAnyOf(tickets.id, ids), inTenants(tickets.companyId, tenants)));
}

/** Deleted or not, as `listTicketsByIds`. */
export async function findTicket(
  db: Database,
  tenants: TenantScope,
  userId: string,
  id: string,
): Promise<TicketView | null> {
  const [row] = await db
    .select({ ...ticketColumns, isParticipant: isParticipant(userId) })
    .from(tickets)
    .where(and(eq(tickets.id, id), inTenants(tickets.companyId, tenants)));
  return row ?? null;
}

export interface NewTicket {
  readonly companyId: string;
  readonly subject: string;
  readonly description: string;
  readonly priority: TicketRow["priority"];
  readonly requesterId: string;
}

/**
 * Numbers and inserts a ticket. The counter's row stays locked until the transaction ends, so that numbers have
 * neither gaps nor duplicates; make it the last lock that the transaction waits for.
 *
 * @throws NOT_FOUND for a company that does not exist or has been deleted
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

const thisOne = ({ companyId, id }: Pick<TicketRow, "companyId" | "id">) =>
  and(eq(tickets.companyId, companyId), eq(tickets.id, id));

/** @returns false when it changes nothing, or the ticket has been deleted */
export async function updateTicket(
  tx: Database,
  companyId: string,
  id: string,
  changes: TicketChanges,
): Promise<boolean> {
  const differs = Object.entries(changes).map(
    ([field, value]) => sql`${ticketColumns[field as keyof TicketChanges]} is distinct from ${value}`,
  );
  if (differs.length === 0) return false;
  const updated = await tx
    .update(tickets)
    .set({ ...changes, updatedAt: sql`now()` })
    .where(and(thisOne({ companyId, id }), isNull(tickets.deletedAt), or(...differs)))
    .returning({ id: tickets.id });
  return updated.length > 0;
}

/** @returns false when it was deleted already */
export async function softDeleteTicket(
  tx: Database,
  ticket: Pick<TicketRow, "companyId" | "id">,
  deletedBy: string,
): Promise<boolean> {
  const deleted = await tx
    .update(tickets)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(and(thisOne(ticket), isNull(tickets.deletedAt)))
    .returning({ id: tickets.id });
  return deleted.length > 0;
}

/** @returns false when it is not deleted, or was deleted before `deletedAfter` */
export async function restoreTicket(
  tx: Database,
  ticket: Pick<TicketRow, "companyId" | "id">,
  deletedAfter: Date,
): Promise<boolean> {
  const restored = await tx
    .update(tickets)
    .set({ deletedAt: null, deletedBy: null, updatedAt: sql`now()` })
    .where(and(thisOne(ticket), isNotNull(tickets.deletedAt), gte(tickets.deletedAt, deletedAfter)))
    .returning({ id: tickets.id });
  return restored.length > 0;
}
