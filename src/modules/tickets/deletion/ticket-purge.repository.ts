import type { SQL } from "drizzle-orm";
import { and, asc, eq, gt, isNotNull, lt, or } from "drizzle-orm";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { replies } from "../reply.tables.js";
import { tickets } from "../ticket.tables.js";

/** Which tickets are purged: those that were deleted before a moment, and all tickets of companies that are purged. */
export interface PurgeableTickets {
  readonly deletedBefore: Date;
  readonly companyIds: readonly string[];
}

const isPurgeable = ({ deletedBefore, companyIds }: PurgeableTickets): SQL | undefined =>
  or(
    and(isNotNull(tickets.deletedAt), lt(tickets.deletedAt, deletedBefore)),
    companyIds.length > 0 ? isAnyOf(tickets.companyId, companyIds) : undefined,
  );

/** In the order of their ids. Every tenant's: for the purge, which has no viewer. */
export async function listPurgeableTickets(
  db: Database,
  which: PurgeableTickets,
  after: string | null,
  limit: number,
) {
  return db
    .select({ id: tickets.id, companyId: tickets.companyId })
    .from(tickets)
    .where(and(isPurgeable(which), after === null ? undefined : gt(tickets.id, after)))
    .orderBy(asc(tickets.id))
    .limit(limit);
}

/** @returns false when it has been restored since it was listed */
export async function lockPurgeableTicket(
  tx: Database,
  id: string,
  which: PurgeableTickets,
): Promise<boolean> {
  const rows = await tx
    .select({ id: tickets.id })
    .from(tickets)
    .where(and(eq(tickets.id, id), isPurgeable(which)))
    .for("update");
  return rows.length > 0;
}

/** Deleted ones too. */
export async function listReplyIds(db: Database, companyId: string, ticketId: string): Promise<string[]> {
  const rows = await db
    .select({ id: replies.id })
    .from(replies)
    .where(and(eq(replies.companyId, companyId), eq(replies.ticketId, ticketId)));
  return rows.map((row) => row.id);
}

/** Its participants are deleted by their foreign key. */
export async function purgeTicket(tx: Database, companyId: string, id: string): Promise<void> {
  await tx.delete(replies).where(and(eq(replies.companyId, companyId), eq(replies.ticketId, id)));
  await tx.delete(tickets).where(and(eq(tickets.companyId, companyId), eq(tickets.id, id)));
}
