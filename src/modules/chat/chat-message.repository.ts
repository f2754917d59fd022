import type { SQL } from "drizzle-orm";
import { and, desc, eq, isNull, sql } from "drizzle-orm";
import { newId } from "../../kernel/ids.js";
import type { Page, PageRequest } from "../../kernel/pagination.js";
import { toPage } from "../../kernel/pagination.js";
import { isAnyOf } from "../../platform/database/any-of.js";
import type { Database } from "../../platform/database/client.js";
import { keyset } from "../../platform/database/keyset.js";
import { inTenants } from "../identity/tenant.repository.js";
import type { Actor, TenantScope } from "../identity/viewer.js";
import { authorshipOf } from "../identity/viewer.js";
import { chatMessages } from "./chat-message.tables.js";
import { conversations } from "./conversation.tables.js";

/** What is shown in place of a deleted message's text. */
export const DELETED_BODY = "[Message deleted]";

/** A message as it may be shown: the text of a deleted one never leaves the database. */
const columns = {
  id: chatMessages.id,
  companyId: chatMessages.companyId,
  conversationId: chatMessages.conversationId,
  number: chatMessages.number,
  senderId: chatMessages.senderId,
  senderGuestId: chatMessages.senderGuestId,
  body: sql<string>`case when ${chatMessages.deletedAt} is null then ${chatMessages.body} else ${DELETED_BODY} end`.as(
    "shown_body",
  ),
  replyToId: chatMessages.replyToId,
  clientId: chatMessages.clientId,
  isEdited: sql<boolean>`${chatMessages.editedAt} is not null`.as("is_edited"),
  editedAt: chatMessages.editedAt,
  isDeleted: sql<boolean>`${chatMessages.deletedAt} is not null`.as("is_deleted"),
  deletedAt: chatMessages.deletedAt,
  createdAt: chatMessages.createdAt,
};

export type ChatMessageView = Awaited<ReturnType<typeof listMessagesByIds>>[number];

/** Deleted ones too: they keep their places. */
export async function listMessagesByIds(db: Database, tenants: TenantScope, ids: readonly string[]) {
  return db
    .select(columns)
    .from(chatMessages)
    .where(and(isAnyOf(chatMessages.id, ids), inTenants(chatMessages.companyId, tenants)));
}

export async function findMessage(
  db: Database,
  tenants: TenantScope,
  id: string,
): Promise<ChatMessageView | null> {
  const [row] = await listMessagesByIds(db, tenants, [id]);
  return row ?? null;
}

/** Of one conversation whatever the tenant: for its log, which has no viewer; who follows it, has been decided. */
export async function listMessagesOfConversation(
  db: Database,
  conversationId: string,
  ids: readonly string[],
): Promise<ChatMessageView[]> {
  return db
    .select(columns)
    .from(chatMessages)
    .where(and(eq(chatMessages.conversationId, conversationId), isAnyOf(chatMessages.id, ids)));
}

const isSentBy = (sender: Actor): SQL =>
  sender.kind === "user" ? eq(chatMessages.senderId, sender.id) : eq(chatMessages.senderGuestId, sender.id);

/** The message that a sender's client calls so; a deleted one too. */
export async function findMessageByClientId(
  db: Database,
  { companyId, conversationId }: { readonly companyId: string; readonly conversationId: string },
  sender: Actor,
  clientId: string,
): Promise<ChatMessageView | null> {
  const [row] = await db
    .select(columns)
    .from(chatMessages)
    .where(
      and(
        eq(chatMessages.companyId, companyId),
        eq(chatMessages.conversationId, conversationId),
        isSentBy(sender),
        eq(chatMessages.clientId, clientId),
      ),
    );
  return row ?? null;
}

/** By their numbers, which are in the order of the commits. */
const order = { keys: [chatMessages.number], descending: false };
export const messagePosition = (row: ChatMessageView) => [row.number];
export const MESSAGE_CURSOR_SIZE = 1;

/** One page of each conversation's messages, in one statement whatever the number of conversations. */
export async function listPagesOfConversations(
  db: Database,
  tenants: TenantScope,
  conversationIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<ChatMessageView>>> {
  const { where, orderBy, limit } = keyset(order, page);
  const ofConversation = db
    .select(columns)
    .from(chatMessages)
    .where(and(eq(chatMessages.conversationId, conversations.id), where))
    .orderBy(...orderBy)
    .limit(limit)
    .as("of_conversation");
  const rows = await db
    .select({ ...ofConversation._.selectedFields })
    .from(conversations)
    .innerJoinLateral(ofConversation, sql`true`)
    .where(and(isAnyOf(conversations.id, conversationIds), inTenants(conversations.companyId, tenants)))
    .orderBy(page.direction === "forward" ? ofConversation.number : desc(ofConversation.number));
  const byConversation = new Map<string, ChatMessageView[]>(conversationIds.map((id) => [id, []]));
  for (const row of rows) byConversation.get(row.conversationId)?.push(row);
  return new Map([...byConversation].map(([id, read]) => [id, toPage(page, read)]));
}

export async function countOfConversations(
  db: Database,
  tenants: TenantScope,
  conversationIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .select({ conversationId: chatMessages.conversationId, count: sql<number>`count(*)::int` })
    .from(chatMessages)
    .where(
      and(isAnyOf(chatMessages.conversationId, conversationIds), inTenants(chatMessages.companyId, tenants)),
    )
    .groupBy(chatMessages.conversationId);
  return new Map(rows.map((row) => [row.conversationId, row.count]));
}

export interface NewMessage {
  readonly companyId: string;
  readonly conversationId: string;
  readonly number: number;
  readonly body: string;
  readonly replyToId: string | null;
  readonly clientId: string | null;
}

export async function insertMessage(
  tx: Database,
  sender: Actor,
  message: NewMessage,
): Promise<ChatMessageView> {
  const { userId: senderId, guestId: senderGuestId } = authorshipOf(sender);
  const [row] = await tx
    .insert(chatMessages)
    .values({ id: newId(), ...message, senderId, senderGuestId })
    .returning(columns);
  return row as ChatMessageView;
}

const thisOne = (companyId: string, id: string) =>
  and(eq(chatMessages.companyId, companyId), eq(chatMessages.id, id), isNull(chatMessages.deletedAt));

/** @returns null when it has been deleted meanwhile */
export async function updateMessageBody(
  tx: Database,
  companyId: string,
  id: string,
  body: string,
): Promise<ChatMessageView | null> {
  const [row] = await tx
    .update(chatMessages)
    .set({ body, editedAt: sql`now()`, updatedAt: sql`now()` })
    .where(thisOne(companyId, id))
    .returning(columns);
  return row ?? null;
}

/** @returns null when it was deleted already */
export async function deleteMessage(
  tx: Database,
  companyId: string,
  id: string,
  deletedBy: string,
): Promise<ChatMessageView | null> {
  const [row] = await tx
    .update(chatMessages)
    .set({ deletedAt: sql`now()`, deletedBy, updatedAt: sql`now()` })
    .where(thisOne(companyId, id))
    .returning(columns);
  return row ?? null;
}

/** What answered it lives on, and answers nothing any more. @returns false when it has gone already */
export async function deleteMessageForGood(tx: Database, companyId: string, id: string): Promise<boolean> {
  await tx
    .update(chatMessages)
    .set({ replyToId: null })
    .where(and(eq(chatMessages.companyId, companyId), eq(chatMessages.replyToId, id)));
  const gone = await tx
    .delete(chatMessages)
    .where(and(eq(chatMessages.companyId, companyId), eq(chatMessages.id, id)))
    .returning({ id: chatMessages.id });
  return gone.length > 0;
}

/** Where a message stands, whatever the tenant: for what hangs on it, whose own tenant has been looked at. */
export async function findMessagePlace(tx: Database, id: string) {
  const [row] = await tx
    .select({
      companyId: chatMessages.companyId,
      conversationId: chatMessages.conversationId,
      isDeleted: columns.isDeleted,
    })
    .from(chatMessages)
    .where(eq(chatMessages.id, id));
  return row ?? null;
}

/** The newest of each conversation, deleted or not; in one statement. */
export async function listLastMessages(
  db: Database,
  tenants: TenantScope,
  conversationIds: readonly string[],
): Promise<ChatMessageView[]> {
  const last = db
    .select(columns)
    .from(chatMessages)
    .where(eq(chatMessages.conversationId, conversations.id))
    .orderBy(desc(chatMessages.number))
    .limit(1)
    .as("last");
  return db
    .select({ ...last._.selectedFields })
    .from(conversations)
    .innerJoinLateral(last, sql`true`)
    .where(and(isAnyOf(conversations.id, conversationIds), inTenants(conversations.companyId, tenants)));
}
