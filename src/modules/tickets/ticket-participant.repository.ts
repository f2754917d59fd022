import { and, asc, eq, sql } from "drizzle-orm";
import { isId } from "../../kernel/ids.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { inTenants } from "../identity/tenant.repository.js";
import { users } from "../identity/user.tables.js";
import type { TenantScope } from "../identity/viewer.js";
import { ticketParticipants } from "./ticket-participant.tables.js";

/** Bounds the list that a ticket shows whole. */
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

/** @returns "full" when the ticket has as many participants as it takes */
export async function insertParticipant(
  tx: Database,
  participation: Participation,
): Promise<"joined" | "there already" | "full"> {
  const { ticketId } = participation;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`participants:${ticketId}`}, 0))`);
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

/** @returns false when the person was none of them */
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
