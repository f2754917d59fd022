import type { SQL } from "drizzle-orm";
import { and, eq, getTableColumns, isNotNull, isNull, sql } from "drizzle-orm";
import { newId } from "../../../kernel/ids.js";
import { isAnyOf } from "../../../platform/database/any-of.js";
import type { Database } from "../../../platform/database/client.js";
import { eventTopics } from "../../../platform/events/log/event.tables.js";
import { inTenants } from "../../identity/tenant.repository.js";
import type { TenantScope } from "../../identity/viewer.js";
import type { ConversationRow } from "./conversation.tables.js";
import { conversations } from "./conversation.tables.js";
import { conversationParticipants } from "./conversation-participant.tables.js";

/** What a viewer's reads of conversations depend on. */
export interface Reader {
  readonly tenants: TenantScope;
  /** Null for viewers without an account, who are no participants. */
  readonly userId: string | null;
}

/** A conversation, whether the person who asks is one of its participants, and the current position of its events. */
export type ConversationView = ConversationRow & {
  readonly isParticipant: boolean;
  /** Read in the same statement as the row, so that a client that subscribes from it misses nothing. */
  readonly eventCursor: string;
};

// Within a nested statement, columns keep the names of their tables.
const nested = <T>(part: SQL) => sql<T>`${part}`;

export const isParticipant = (userId: string | null, lock: SQL = sql``) =>
  userId === null
    ? sql<boolean>`false`
    : nested<boolean>(
        sql`exists (select from ${conversationParticipants} where ${conversationParticipants.conversationId} = ${conversations.id} and ${conversationParticipants.userId} = ${userId} ${lock})`,
      );

const eventCursor = nested<string>(
  sql`coalesce((select ${eventTopics.sequence} from ${eventTopics} where ${eventTopics.topic} = 'conversation:' || ${conversations.id}), 0)::text`,
);

export const conversationColumns = (userId: string | null) => ({
  ...getTableColumns(conversations),
  isParticipant: isParticipant(userId).as("is_participant"),
  eventCursor: eventCursor.as("event_cursor"),
});

export async function listConversationsByIds(
  db: Database,
  { tenants, userId }: Reader,
  ids: readonly string[],
): Promise<ConversationView[]> {
  return db
    .select(conversationColumns(userId))
    .from(conversations)
    .where(and(isAnyOf(conversations.id, ids), inTenants(conversations.companyId, tenants)));
}

export async function findConversation(
  db: Database,
  reader: Reader,
  id: string,
): Promise<ConversationView | null> {
  const [row] = await listConversationsByIds(db, reader, [id]);
  return row ?? null;
}

/** As `findConversation`, with a lock on the viewer's participation until the transaction ends, for which nobody else waits. */
export async function findConversationAndLockParticipation(
  tx: Database,
  { tenants, userId }: Reader,
  id: string,
): Promise<ConversationView | null> {
  const [row] = await tx
    .select({
      ...conversationColumns(userId),
      isParticipant: isParticipant(userId, sql`for key share`).as("is_participant"),
    })
    .from(conversations)
    .where(and(eq(conversations.id, id), inTenants(conversations.companyId, tenants)));
  return row ?? null;
}

export type NewConversation = Pick<
  ConversationRow,
  "companyId" | "subject" | "room" | "ticketId" | "startedBy"
>;

/** @returns its id */
export async function insertConversation(tx: Database, conversation: NewConversation): Promise<string> {
  const id = newId();
  await tx.insert(conversations).values({ id, ...conversation });
  return id;
}

const thisOne = (companyId: string, id: string, ...more: SQL[]) =>
  and(eq(conversations.companyId, companyId), eq(conversations.id, id), ...more);

/** @returns false when it was closed already */
export async function setConversationClosed(
  tx: Database,
  companyId: string,
  id: string,
  closedBy: string,
): Promise<boolean> {
  const closed = await tx
    .update(conversations)
    .set({ closedAt: sql`now()`, closedBy, updatedAt: sql`now()` })
    .where(thisOne(companyId, id, isNull(conversations.closedAt)))
    .returning({ id: conversations.id });
  return closed.length > 0;
}

/** @returns false when it was open already */
export async function setConversationOpen(tx: Database, companyId: string, id: string): Promise<boolean> {
  const opened = await tx
    .update(conversations)
    .set({ closedAt: null, closedBy: null, updatedAt: sql`now()` })
    .where(thisOne(companyId, id, isNotNull(conversations.closedAt)))
    .returning({ id: conversations.id });
  return opened.length > 0;
}

/** Makes other messages and changes of participants wait until the transaction ends. */
export async function lockConversation(tx: Database, id: string): Promise<void> {
  await tx
    .select({ id: conversations.id })
    .from(conversations)
    .where(eq(conversations.id, id))
    .for("no key update");
}

/**
 * Numbers a new message, under the conversation's lock, which this takes.
 *
 * @returns the message's number; null when the conversation is closed
 */
export async function countMessage(tx: Database, companyId: string, id: string): Promise<number | null> {
  const [counted] = await tx
    .update(conversations)
    .set({
      messageCount: sql`${conversations.messageCount} + 1`,
      // Not now(), the beginning of the transaction, which may have waited for the lock.
      lastActivityAt: sql`clock_timestamp()`,
    })
    .where(thisOne(companyId, id, isNull(conversations.closedAt)))
    .returning({ number: conversations.messageCount });
  return counted?.number ?? null;
}
