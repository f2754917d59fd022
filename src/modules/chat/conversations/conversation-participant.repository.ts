import { and, asc, eq, isNull, sql } from "drizzle-orm";
import { isId } from "../../../kernel/ids.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { companies } from "../../identity/company.tables.js";
import { inTenants } from "../../identity/tenant.repository.js";
import { users } from "../../identity/user.tables.js";
import { personColumns } from "../../identity/users/user.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import { conversations } from "./conversation.tables.js";
import { conversationParticipants } from "./conversation-participant.tables.js";

/** A conversation shows all of its participants, without pages. */
export const MAX_PARTICIPANTS = 50;

/** In the order in which they were added. */
export async function listParticipants(
  db: Database,
  tenants: TenantScope,
  conversationIds: readonly string[],
) {
  return db
    .select({ conversationId: conversationParticipants.conversationId, ...personColumns })
    .from(conversationParticipants)
    .innerJoin(users, eq(users.id, conversationParticipants.userId))
    .where(
      and(
        isAnyOf(conversationParticipants.conversationId, conversationIds),
        inTenants(conversationParticipants.companyId, tenants),
      ),
    )
    .orderBy(asc(conversationParticipants.createdAt), asc(conversationParticipants.userId));
}

interface Participations {
  readonly companyId: string;
  readonly conversationId: string;
  readonly userIds: readonly string[];
}

/** @returns those who were no participants yet */
export async function insertParticipants(
  tx: Database,
  { companyId, conversationId, userIds }: Participations,
): Promise<string[]> {
  const added = await tx
    .insert(conversationParticipants)
    .values(userIds.map((userId) => ({ companyId, conversationId, userId })))
    .onConflictDoNothing()
    .returning({ userId: conversationParticipants.userId });
  return added.map((row) => row.userId);
}

/** Exact only under the conversation's lock. */
export const countParticipants = (tx: Database, companyId: string, conversationId: string): Promise<number> =>
  tx.$count(
    conversationParticipants,
    and(
      eq(conversationParticipants.companyId, companyId),
      eq(conversationParticipants.conversationId, conversationId),
    ),
  );

/** @returns false for a person who was no participant */
export async function deleteParticipant(
  tx: Database,
  companyId: string,
  conversationId: string,
  userId: string,
): Promise<boolean> {
  if (!isId(userId)) return false;
  const removed = await tx
    .delete(conversationParticipants)
    .where(
      and(
        eq(conversationParticipants.companyId, companyId),
        eq(conversationParticipants.conversationId, conversationId),
        eq(conversationParticipants.userId, userId),
      ),
    )
    .returning({ userId: conversationParticipants.userId });
  return removed.length > 0;
}

/**
 * Ends a person's participation in all conversations of a company, under the locks of these conversations.
 *
 * @returns the conversations
 */
export async function deleteParticipations(
  tx: Database,
  companyId: string,
  userId: string,
): Promise<string[]> {
  const theirs = and(
    eq(conversationParticipants.companyId, companyId),
    eq(conversationParticipants.userId, userId),
  );
  await tx
    .select({ id: conversations.id })
    .from(conversations)
    .innerJoin(conversationParticipants, eq(conversationParticipants.conversationId, conversations.id))
    .where(theirs)
    .orderBy(asc(conversations.id))
    .for("no key update", { of: conversations });
  const removed = await tx
    .delete(conversationParticipants)
    .where(theirs)
    .returning({ id: conversationParticipants.conversationId });
  return removed.map((row) => row.id);
}

/**
 * The company of a conversation, and which of these people are its participants: for all of its subscribers at once.
 * Null when the company has been deleted.
 */
export async function findParticipation(
  db: Database,
  conversationId: string,
  userIds: readonly string[],
): Promise<{ companyId: string; participants: Set<string> } | null> {
  const [row] = await db
    .select({
      companyId: conversations.companyId,
      participants: sql<string[]>`array(${db
        .select({ userId: conversationParticipants.userId })
        .from(conversationParticipants)
        .where(
          and(
            eq(conversationParticipants.conversationId, conversationId),
            isAnyOf(conversationParticipants.userId, userIds),
          ),
        )})`,
    })
    .from(conversations)
    .innerJoin(companies, and(eq(companies.id, conversations.companyId), isNull(companies.deletedAt)))
    .where(eq(conversations.id, conversationId));
  return row ? { companyId: row.companyId, participants: new Set(row.participants) } : null;
}
