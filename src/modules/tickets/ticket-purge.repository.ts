import { and, asc, eq, isNotNull, lt } from "drizzle-orm";
import type { Database } from "../../platform/database/client.js";
import { replies } from "./reply.tables.js";
import { tickets } from "./ticket.tables.js";

const deletedBefore = (moment: Date) => and(isNotNull(tickets.deletedAt), lt(tickets.deletedAt, moment));

/** Every tenant's: for the purge, which has no viewer. */
export async function listPurgeableTickets(db: Database, moment: Date, limit: number) {
  return db
    .select({ id: tickets.id, companyId: tickets.companyId })
    .from(tickets)
    .where(deletedBefore(moment))
    .orderBy(asc(tickets.deletedAt))
    .limit(limit);
}

/** @returns the ids of the ticket's replies; null when it has been restored since it was listed */
export async function lockPurgeableTicket(tx: Database, id: string, moment: Date): Promise<string[] | null> {
  const [ticket] = await tx
    .select({ id: tickets.id })
    .from(tickets)
    .where(and(eq(tickets.id, id), deletedBefore(moment)))
    .for("update");
  if (!ticket) return null;
  const rows = await tx.select({ id: replies.id }).from(replies).where(eq(replies.ticketId, id));
  return rows.map((row) => row.id);
}

/** Its participants go with it by their foreign key. */
export async function deleteTicketForGood(tx: Database, companyId: string, id: string): Promise<void> {
  await tx.delete(replies).where(and(eq(replies.companyId, companyId), eq(replies.ticketId, id)));
  await tx.delete(tickets).where(and(eq(tickets.companyId, companyId), eq(tickets.id, id)));
}
