import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../../../platform/database/client.js";
import { inTenants } from "../../identity/tenant.repository.js";
import { ticketColumns } from "../ticket.repository.js";
import type { TicketRow } from "../ticket.tables.js";
import { tickets } from "../ticket.tables.js";
import { ticketParticipants } from "../ticket-participant.tables.js";

/** A ticket and its participants, 50 people at most. */
export type SubscribedTicket = TicketRow & { readonly participantIds: readonly string[] };

/** Deleted ones too, of any company that is not deleted: the policy decides for each subscriber. */
export async function findSubscribedTicket(db: Database, id: string): Promise<SubscribedTicket | null> {
  const [row] = await db
    .select({
      ...ticketColumns,
      participantIds: sql<string[]>`array(select ${ticketParticipants.userId} from ${ticketParticipants}
        where ${ticketParticipants.ticketId} = ${tickets.id})`,
    })
    .from(tickets)
    .where(and(eq(tickets.id, id), inTenants(tickets.companyId, "every company")));
  return row ?? null;
}
