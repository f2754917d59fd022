import type { SQL } from "drizzle-orm";
import { and, asc, eq, inArray, ne, or, sql } from "drizzle-orm";
import { isId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { inTenants } from "../identity/tenant.repository.js";
import { users } from "../identity/user.tables.js";
import type { TenantScope } from "../identity/viewer.js";
import { tickets } from "./ticket.tables.js";
import { ticketParticipants } from "./ticket-participant.tables.js";

/** A ticket shows all of its participants, without pages. */
export const MAX_PARTICIPANTS = 50;

export async function listParticipants(db: Database, tenants: TenantScope, ticketIds: readonly string[]) {
  return db
    .select({
      ticketId: ticketParticipants.ticketId,
      id: users.id,
      email: users.email,
      name: users.name,
      isAdmin: users.isAdmin,
    })
    .from(ticketParticipants)
    .innerJoin(users, eq(users.id, ticketParticipants.userId))
    .where(
      and(isAnyOf(ticketParticipants.ticketId, ticketIds), inTenants(ticketParticipants.companyId, tenants)),
    )
    .orderBy(asc(ticketParticipants.createdAt), asc(ticketParticipants.userId));
}

interface Participation {
  readonly companyId: string;
  readonly ticketId: string;
  readonly userId: string;
}

/** Call it under the ticket's lock. @returns "full" when the ticket has `MAX_PARTICIPANTS` */
export async function insertParticipant(
  tx: Database,
  participation: Participation,
): Promise<"joined" | "there already" | "full"> {
  const { ticketId } = participation;
  const others = and(
    eq(ticketParticipants.ticketId, ticketId),
    sql`${ticketParticipants.userId} <> ${participation.userId}`,
  );
  if ((await tx.$count(ticketParticipants, others)) >= MAX_PARTICIPANTS) return "full";
  const joined = await tx
    .insert(ticketParticipants)
    .values(participation)
    .onConflictDoNothing()
    .returning({ userId: ticketParticipants.userId });
  return joined.length > 0 ? "joined" : "there already";
}

/**
 * Ends a person's participation in all tickets of a company, and removes them as assignee of tickets that are not
 * closed, under the locks of these tickets. A closed ticket keeps its assignee.
 */
export async function deleteTicketParticipations(
  tx: Database,
  companyId: string,
  userId: string,
): Promise<{ readonly left: string[]; readonly unassigned: string[] }> {
  const theirs = and(eq(ticketParticipants.companyId, companyId), eq(ticketParticipants.userId, userId));
  const ofParticipant = tx.select({ id: ticketParticipants.ticketId }).from(ticketParticipants).where(theirs);
  await lockTickets(
    tx,
    and(
      eq(tickets.companyId, companyId),
      or(inArray(tickets.id, ofParticipant), assignedTo(companyId, userId)),
    ),
  );
  const left = await tx
    .delete(ticketParticipants)
    .where(theirs)
    .returning({ id: ticketParticipants.ticketId });
  return { left: left.map(({ id }) => id), unassigned: await unassign(tx, companyId, userId) };
}

/**
 * Removes a person as assignee of tickets that are not closed, under the locks of these tickets. A closed ticket
 * keeps its assignee.
 *
 * @returns the tickets
 */
export async function unassignTickets(tx: Database, companyId: string, userId: string): Promise<string[]> {
  await lockTickets(tx, assignedTo(companyId, userId));
  return unassign(tx, companyId, userId);
}

const assignedTo = (companyId: string, userId: string) =>
  and(eq(tickets.companyId, companyId), eq(tickets.assigneeId, userId), ne(tickets.status, "CLOSED"));

/** In the order of their ids, as everywhere, so that transactions that lock several tickets do not deadlock. */
const lockTickets = (tx: Database, where: SQL | undefined) =>
  tx.select({ id: tickets.id }).from(tickets).where(where).orderBy(asc(tickets.id)).for("no key update");

async function unassign(tx: Database, companyId: string, userId: string): Promise<string[]> {
  const unassigned = await tx
    .update(tickets)
    .set({ assigneeId: null, updatedAt: sql`now()` })
    .where(assignedTo(companyId, userId))
    .returning({ id: tickets.id });
  return unassigned.map(({ id }) => id);
}

/** @returns false for a person who was no participant */
export async function deleteParticipant(
  tx: Database,
  { companyId, ticketId, userId }: Participation,
): Promise<boolean> {
  if (!isId(userId)) return false;
  const left = await tx
    .delete(ticketParticipants)
    .where(
      and(
        eq(ticketParticipants.companyId, companyId),
        eq(ticketParticipants.ticketId, ticketId),
        eq(ticketParticipants.userId, userId),
      ),
    )
    .returning({ userId: ticketParticipants.userId });
  return left.length > 0;
}
